#!/bin/sh
# Runs govulncheck if it is installed and can reach its database. Ends with 1
# only for a vulnerability that the code can reach; otherwise says in a line
# why nothing was checked.
set -u

if ! command -v govulncheck >/dev/null 2>&1; then
	echo "vulnerabilities: not checked: go install golang.org/x/vuln/cmd/govulncheck@latest"
	exit 0
fi
out=$(govulncheck ./... 2>&1)
case $? in
0) echo "vulnerabilities: none found" ;;
3) # its code for "found"
	echo "$out"
	exit 1
	;;
*) echo "vulnerabilities: not checked: $(echo "$out" | tail -n 1)" ;;
esac
