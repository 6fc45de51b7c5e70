"""What a set-up on Azure is checked for beside what every engine's is."""
