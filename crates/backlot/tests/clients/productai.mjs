// The vendor's sample as printed, but for host, key and the picture's address.
const response = await fetch(process.env.BASE + "/productai/v1/training-asset", {
  method: "POST",
  headers: {
    "Authorization": "Bearer " + process.env.KEY,
    "Content-Type": "application/json"
  },
  body: JSON.stringify({
    url: process.env.PICTURE_URL,
    name: "Blue Sneaker",
    tags: ["footwear"]
  })
});
const asset = await response.json();
console.log("Asset uploaded:", asset.asset_id);
