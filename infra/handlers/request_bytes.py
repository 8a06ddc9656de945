"""Tells the access log how many bytes a request has, and lets every request pass: the key is API Gateway's to check.

Runs before each call, inline: it stays below 4096 characters. What it does not know it does not tell, and the log has
`-` there; whatever happens, it answers, since an authorizer that fails is a call that fails.
"""

LONGEST = 15  # digits: no request is that large


def handler(event, _context):
    answer = {
        "principalId": "anybody",
        "policyDocument": {
            "Version": "2012-10-17",
            "Statement": [{"Action": "execute-api:Invoke", "Effect": "Allow", "Resource": event["methodArn"]}],
        },
    }
    size = declared(event)
    return answer if size is None else {**answer, "context": {"requestBytes": size}}


def declared(event):
    """The one length that the request declares; none, several, or one that is no number is unknown."""
    found = set()
    for headers in (event.get("multiValueHeaders"), event.get("headers")):
        for name, values in (headers or {}).items():
            if str(name).lower() == "content-length":
                found.update(values if isinstance(values, list) else [values])
    if len(found) != 1:
        return None
    text = str(found.pop()).strip()
    if not (text.isascii() and text.isdigit() and len(text) <= LONGEST):
        return None
    return str(int(text))
