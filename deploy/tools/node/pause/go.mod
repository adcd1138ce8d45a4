module tandem/deploy/node/pause

go 1.24.0
