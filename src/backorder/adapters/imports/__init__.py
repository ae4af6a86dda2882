"""`backorder import`: a running business taken over from the files that its programs export."""
