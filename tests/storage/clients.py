"""What speaks to S3, by name."""

from usagelake.storage.s3_boto3 import S3ByBoto3
from usagelake.storage.s3_obstore import S3ByObstore

CLIENTS = {"boto3": S3ByBoto3, "obstore": S3ByObstore}
