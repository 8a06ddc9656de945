"""The rules: lines, events, periods, prices, rating, invoices. No I/O, no clock, no SQL, no cloud."""
