"""Run a flow as a background job: submit it, follow its events however often the connection breaks, read what came of it.

    python background_job.py "Hello!"
    python background_job.py --flow prompt-chain "rain"
    python background_job.py --stop JOB_ID

The server is http://127.0.0.1:7860, or LANGFLOW_URL; a key, if it asks for one, is taken from LANGFLOW_API_KEY.
Nothing but the standard library is needed. The same --key twice starts one job, not two.
"""

import argparse
import http.client
import json
import os
import time
import urllib.error
import urllib.request

ENDS = ("end", "error", "cancelled")


def request(url, body=None, **headers):
    """Open a response: POST with a body, GET without one."""
    headers["Content-Type"] = "application/json"
    if key := os.environ.get("LANGFLOW_API_KEY"):
        headers["x-api-key"] = key
    data = None if body is None else json.dumps(body).encode()
    return urllib.request.urlopen(urllib.request.Request(url, data=data, headers=headers))


def submit(server, flow, text, key=None, callback=None):
    """Start a job; once this returns, the job survives a crash of the server."""
    body = {"flow_id": flow, "background": True, "input_value": text}
    if key:
        body["idempotency_key"] = key
    if callback:
        body["callback_url"] = callback
    with request(f"{server}/api/v2/workflows", body) as response:
        return json.load(response)


def events(url, after):
    """Numbered events of one connection: server-sent events, each an `id` and a `data` line and an empty one."""
    number, data = after, ""
    with request(url, **{"Last-Event-ID": str(after)}) as response:
        for line in response:
            name, _, value = line.decode().rstrip("\n").partition(": ")
            if name == "id":
                number = int(value)
            elif name == "data":
                data = value
            elif not name and data:
                yield number, json.loads(data)
                data = ""


def follow(server, job):
    """All events of a job, each once: a new connection takes up where the last one broke."""
    last = 0
    while True:
        try:
            for number, event in events(server + job["links"]["events"], last):
                last = number
                yield event
                if event["event"] in ENDS:
                    return
        except urllib.error.HTTPError:
            raise
        except (OSError, http.client.HTTPException):
            pass
        time.sleep(0.5)


def main():
    parser = argparse.ArgumentParser(description="Run a flow as a background job.")
    parser.add_argument("text", nargs="?", default="Hello!")
    parser.add_argument("--url", default=os.environ.get("LANGFLOW_URL", "http://127.0.0.1:7860"))
    parser.add_argument("--flow", default="echo", help="id or endpoint name [default: echo]")
    parser.add_argument("--key", help="idempotency key")
    parser.add_argument("--callback", help="address that is told the result")
    parser.add_argument("--stop", metavar="JOB_ID", help="stop a job instead")
    args = parser.parse_args()
    try:
        if args.stop:
            with request(f"{args.url}/api/v2/workflows/stop", {"job_id": args.stop}) as response:
                print(json.load(response)["message"])
            return
        job = submit(args.url, args.flow, args.text, args.key, args.callback)
        for event in follow(args.url, job):
            if event["event"] == "token":
                print(event["data"]["chunk"], end="", flush=True)
            elif event["event"] == "output":
                print("\n" + str(event["data"]["content"]))
        with request(args.url + job["links"]["status"]) as response:
            result = json.load(response)
        for error in result["errors"]:
            print(error["error"])
        print(f"Job {result['job_id']} {result['status']}.")
    except urllib.error.HTTPError as error:
        raise SystemExit(f"{error.code}: {error.read().decode()}") from None
    except urllib.error.URLError as error:
        raise SystemExit(f"{args.url} cannot be reached: {error.reason}") from None


if __name__ == "__main__":
    main()
