"""The work: ingest, roll up, bill, check. Services know the protocols, not what stands behind them."""
