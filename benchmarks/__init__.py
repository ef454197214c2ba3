"""How long things take, side by side with what else there is: `make bench`."""
