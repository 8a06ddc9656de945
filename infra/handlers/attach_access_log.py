"""Gives a stage the usage access log, and puts back what stood there when the resource goes.

Runs as a custom resource, inline: it may import what Lambda has, and stays below 4096 characters.
"""

import boto3
import cfnresponse

MEMBERS = ("format", "destinationArn")  # the last one is written last and read first: it tells that all is kept


def handler(event, context):
    wanted = event["ResourceProperties"]
    name = f"{wanted['ApiId']}/{wanted['Stage']}"
    try:
        act = detach if event["RequestType"] == "Delete" else attach
        act(wanted, boto3.client("apigateway"), boto3.client("ssm"))
    except Exception as error:
        print(f"{event['RequestType']} of {name}: {error!r}")
        cfnresponse.send(event, context, cfnresponse.FAILED, {}, name, reason=str(error))
    else:
        cfnresponse.send(event, context, cfnresponse.SUCCESS, {}, name)


def attach(wanted, gateway, ssm):
    """What stood there is kept once: a retry or an update finds it kept and does not keep ours over it."""
    if kept(wanted, ssm) is None:
        before = standing(wanted, gateway)
        for member in MEMBERS:
            ssm.put_parameter(
                Name=f"{wanted['Keep']}/{member}", Value=before.get(member) or "-", Type="String", Overwrite=True
            )
    write(wanted, gateway, {"destinationArn": wanted["DestinationArn"], "format": wanted["Format"]})


def detach(wanted, gateway, ssm):
    """Somebody else's settings are left alone, and so is a stage that is gone."""
    before = kept(wanted, ssm)
    if before is None:
        return
    try:
        if standing(wanted, gateway).get("destinationArn") == wanted["DestinationArn"]:
            write(wanted, gateway, before)
    except gateway.exceptions.NotFoundException:
        print("the stage is gone, with what was to be put back")
    ssm.delete_parameters(Names=[f"{wanted['Keep']}/{member}" for member in MEMBERS])


def kept(wanted, ssm):
    found = ssm.get_parameters(Names=[f"{wanted['Keep']}/{member}" for member in MEMBERS])["Parameters"]
    values = {each["Name"].rsplit("/", 1)[1]: each["Value"] for each in found}
    return values if MEMBERS[-1] in values else None


def standing(wanted, gateway):
    stage = gateway.get_stage(restApiId=wanted["ApiId"], stageName=wanted["Stage"])
    return stage.get("accessLogSettings") or {}


def write(wanted, gateway, settings):
    patches = [
        {"op": "replace", "path": f"/accessLogSettings/{member}", "value": settings[member]}
        for member in reversed(MEMBERS)
    ]
    if settings["destinationArn"] == "-":
        patches = [{"op": "remove", "path": "/accessLogSettings"}]
    gateway.update_stage(restApiId=wanted["ApiId"], stageName=wanted["Stage"], patchOperations=patches)
