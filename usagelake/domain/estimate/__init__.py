"""What usagelake costs on AWS: quantities of a month, times the prices of a dated file."""
