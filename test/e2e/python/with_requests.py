"""One chat turn in a session with requests: python with_requests.py BASE_URL SESSION"""

import sys

import requests

base_url, session = sys.argv[1:]
response = requests.post(
    f"{base_url}/v1/chat/completions",
    headers={"x-truefoundry-sticky-session-id": session},
    json={"messages": [{"role": "user", "content": "Hi"}]},
)
response.raise_for_status()
print(response.text)
