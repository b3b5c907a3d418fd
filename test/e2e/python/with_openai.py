"""Chat turns in a session with the OpenAI SDK, one whole and one streamed: python with_openai.py BASE_URL SESSION"""

import json
import sys

from openai import OpenAI

base_url, session = sys.argv[1:]
client = OpenAI(
    base_url=f"{base_url}/v1",
    api_key="unused",
    default_headers={"x-truefoundry-sticky-session-id": session},
)
messages = [{"role": "user", "content": "Hi"}]
print(client.chat.completions.create(model="echo", messages=messages).to_json(indent=None))

text = ""
for chunk in client.chat.completions.create(model="echo", messages=messages, stream=True):
    text += chunk.choices[0].delta.content or ""
    replica = chunk.x_demo_replica
print(json.dumps({"x_demo_replica": replica, "choices": [{"message": {"content": text}}]}))
print(json.dumps([model.id for model in client.models.list()]))
