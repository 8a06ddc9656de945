"""The functions' code as an asset of the CDK: made when it is deployed, and only named when it is not."""

from __future__ import annotations

from pathlib import Path

import aws_cdk as cdk
import jsii
from aws_cdk import aws_lambda as lambda_

from infra import packaging

_IMAGE = "public.ecr.aws/sam/build-python3.13"  # the CDK wants one named; it is never run


def function_code() -> lambda_.Code:
    """Give the code of the functions.

    The CDK's command makes it when it deploys or compares the stack. A synthesis without that command needs no
    network: the asset's name is the content's digest, which is known without making it.
    """
    return lambda_.Code.from_asset(
        str(packaging.ROOT / "usagelake"),
        asset_hash_type=cdk.AssetHashType.CUSTOM,
        asset_hash=packaging.digest(),
        bundling=cdk.BundlingOptions(image=cdk.DockerImage.from_registry(_IMAGE), local=_Package()),
    )


@jsii.implements(cdk.ILocalBundling)
class _Package:
    """Makes the package on this machine, without Docker."""

    def try_bundle(self, output_dir: str, _options: cdk.BundlingOptions) -> bool:
        """Make it; what fails ends the synthesis."""
        packaging.make(Path(output_dir))
        return True
