"""What to run, and what it takes: suite, plan, schedule, forecast, prices."""
