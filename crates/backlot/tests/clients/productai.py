# The vendor's sample as printed, but for host, key and the picture's place.
import os

import requests
with open(os.environ["PICTURE"], "rb") as f:
    response = requests.post(
        os.environ["BASE"] + "/productai/v1/training-asset",
        headers={"Authorization": "Bearer " + os.environ["KEY"]},
        files={"file": f},
        data={"name": "Blue Sneaker", "tags": ["footwear"]}
    )
asset = response.json()
print(f"Asset uploaded: {asset['asset_id']}")
