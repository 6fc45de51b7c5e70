"""Whether trials that are bought in rounds would be worth it: what ``bench_until`` computes."""
