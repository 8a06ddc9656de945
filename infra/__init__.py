"""The CDK app: stacks compose, constructs create; what differs between environments stands in `config`."""
