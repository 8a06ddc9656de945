"""Delivery of billing events: buffer, sealed batch, upload; the logging handler; the spool."""
