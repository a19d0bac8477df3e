"""Call a flow from Python, with nothing but the standard library.

    python call_flow.py "Hello!"
    python call_flow.py --flow prompt-chain --stream "rain"

The server is http://127.0.0.1:7860, or LANGFLOW_URL; a key, if it asks for one, is taken from LANGFLOW_API_KEY.
"""

import argparse
import json
import os
import urllib.error
import urllib.request


def call(url, flow, text, session, *, stream):
    """Open the response of a run."""
    body = {"input_value": text, "session_id": session, "input_type": "chat", "output_type": "chat"}
    headers = {"Content-Type": "application/json"}
    if key := os.environ.get("LANGFLOW_API_KEY"):
        headers["x-api-key"] = key
    request = urllib.request.Request(
        f"{url}/api/v1/run/{flow}?stream={str(stream).lower()}", data=json.dumps(body).encode(), headers=headers
    )
    return urllib.request.urlopen(request)


def answers(result):
    """The texts a run answered with, in order."""
    for run in result["outputs"]:
        for output in run["outputs"]:
            for message in output["results"].values():
                yield message["text"]


def follow(response):
    """Print a streamed run as it comes in: every event is a line of JSON followed by an empty line."""
    shown = False
    for line in response:
        if not line.strip():
            continue
        event = json.loads(line)
        if event["event"] == "token":
            print(event["data"]["chunk"], end="", flush=True)
            shown = True
        elif event["event"] == "error":
            raise SystemExit(f"The run failed: {event['data']['error']}")
        elif event["event"] == "end":
            # Without a model there are no tokens: the answer comes whole.
            print("" if shown else "\n".join(answers(event["data"]["result"])))


def main():
    parser = argparse.ArgumentParser(description="Call a flow.")
    parser.add_argument("text")
    parser.add_argument("--url", default=os.environ.get("LANGFLOW_URL", "http://127.0.0.1:7860"))
    parser.add_argument("--flow", default="echo", help="id or endpoint name [default: echo]")
    parser.add_argument("--session", default="example", help="the conversation [default: example]")
    parser.add_argument("--stream", action="store_true", help="show the answer while it is being made")
    args = parser.parse_args()
    try:
        with call(args.url, args.flow, args.text, args.session, stream=args.stream) as response:
            if args.stream:
                follow(response)
            else:
                print("\n".join(answers(json.load(response))))
    except urllib.error.HTTPError as error:
        raise SystemExit(f"{error.code}: {error.read().decode()}") from None
    except urllib.error.URLError as error:
        raise SystemExit(f"{args.url} cannot be reached: {error.reason}") from None


if __name__ == "__main__":
    main()
