#!/bin/sh
# Write the CDNOW sample of cam-core/testdata as the CSV log that the examples read: customer_id,date,quantity,amount.
set -eu
data=$(cd "$(dirname "$0")/../.." && pwd)/cam-core/testdata/CDNOW_sample.txt
echo customer_id,date,quantity,amount
tr -d '\r' < "$data" | awk 'NF >= 5 {
    printf "%d,%s-%s-%s,%d,%s\n", $2, substr($3, 1, 4), substr($3, 5, 2), substr($3, 7, 2), $4, $5
}'
