// The vendor's sample as printed, but for host and key; the last lines call it.
import { readFileSync } from 'node:fs';

const API = process.env.BASE + '/youthumb/api';
const headers = {
  'x-api-key': process.env.KEY,
  'Content-Type': 'application/json',
};

// Upload a face image (base64)
async function uploadFaceImage(base64Data, filename) {
  const response = await fetch(`${API}/assets`, {
    method: 'POST',
    headers,
    body: JSON.stringify({
      base64: base64Data,
      type: 'face',
      filename,
      mimeType: 'image/jpeg',
    }),
  });
  return response.json();
}

// List all face assets
async function listFaceAssets() {
  const response = await fetch(`${API}/assets?type=face`, { headers });
  return response.json();
}

// Upload face then create person
async function setupPerson(name, faceImages) {
  // 1. Upload all face images
  const uploadResults = await Promise.all(
    faceImages.map((img) => uploadFaceImage(img.base64, img.filename))
  );

  const imageIds = uploadResults.map((r) => r.data.id);

  // 2. Create person with uploaded images
  const person = await fetch(`${API}/persons`, {
    method: 'POST',
    headers,
    body: JSON.stringify({ name, imageIds }),
  });

  return person.json();
}

const base64 = readFileSync(process.env.PICTURE).toString('base64');
const person = await setupPerson('Mira', [
  { base64, filename: 'front.jpg' },
  { base64: `data:image/jpeg;base64,${base64}`, filename: 'side.jpg' },
]);
console.log(JSON.stringify({ person, faces: await listFaceAssets() }));
