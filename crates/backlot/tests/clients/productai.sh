#!/bin/sh
# The vendor's curl samples as printed, but for host and key.
set -eu
curl -sf -X POST "$BASE/productai/v1/training-asset" \
  -H "Authorization: Bearer $KEY" \
  -F "file=@$PICTURE" \
  -F "name=Blue Sneaker" \
  -F "tags[]=footwear" \
  -F "tags[]=summer"
echo
curl -sf -X POST "$BASE/productai/v1/training-asset" \
-H "Authorization: Bearer $KEY" \
-H "Content-Type: application/json" \
-d '{
"url": "'"$PICTURE_URL"'",
"name": "Blue Sneaker",
"tags": ["footwear", "summer"]
}'
echo
curl -sf "$BASE/productai/v1/my-uploaded-assets?limit=10&status=all" \
-H "Authorization: Bearer $KEY"
