"""What clients ask at their start, answered for the one user there is."""

import pytest

from tests.http.conftest import calling, running

pytestmark = pytest.mark.anyio


async def test_auto_login_on_loopback_gives_a_token_that_counts_as_none(client):
    answer = await client.get("/api/v1/auto_login")
    assert answer.status_code == 200
    tokens = answer.json()
    assert tokens == {"access_token": "", "refresh_token": "", "token_type": "bearer"}
    assert "set-cookie" not in answer.headers
    again = await client.get("/api/v1/flows/", headers={"authorization": f"Bearer {tokens['access_token']}"})
    assert again.status_code == 200


@pytest.mark.parametrize("credentials", [{"username": "langflow", "password": "langflow"}, {}])
async def test_no_password_is_right(client, credentials):
    answer = await client.post("/api/v1/login", data=credentials)
    assert answer.status_code == 401
    assert "x-api-key" in answer.json()["detail"]


async def test_the_one_user_may_do_everything(client, runtime):
    user = (await client.get("/api/v1/users/whoami")).json()
    assert (user["id"], user["is_active"], user["is_superuser"]) == (runtime.user_id, True, True)
    assert (await client.get("/api/v1/users/")).json() == {"total_count": 1, "users": [user]}
    assert (await client.get("/api/v1/session")).json()["user"] == user


async def test_there_is_no_store(client):
    assert (await client.get("/api/v1/store/check/")).json() == {"enabled": False}
    assert (await client.get("/api/v1/store/check/api_key")).json()["has_api_key"] is False
    assert (await client.get("/api/v1/store/components/")).json()["results"] == []
    assert (await client.get("/api/v1/store/tags")).json() == []


async def test_where_keys_are_needed_nothing_is_let_in_without_one(make_settings):
    async with running(make_settings(auto_login=False)) as app, calling(app) as client:
        _, key = await app.state.runtime.api_keys.create("k")
        refused = await client.get("/api/v1/auto_login")
        assert refused.status_code == 403
        assert refused.json()["detail"]["auto_login"] is False
        assert (await client.get("/api/v1/session")).json()["authenticated"] is False
        assert (await client.get("/api/v1/users/whoami")).status_code == 403
        headers = {"authorization": f"Bearer {key}"}
        assert (await client.get("/api/v1/session", headers=headers)).json()["authenticated"] is True
