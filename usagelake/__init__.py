"""Usage-based billing on S3 and Athena: raw logs in, provable invoices out."""

__version__ = "0.1.0"
