"""Photos as a browser has them after createImageBitmap, upright:  decode.py FOLDER
For the n-th photo of photos.txt in the folder: n.json with width and height, n.rgba with its pixels."""
import json
import pathlib
import sys

from PIL import Image, ImageOps

folder = pathlib.Path(sys.argv[1])
for number, name in enumerate((folder / "photos.txt").read_text().splitlines()):
    photo = ImageOps.exif_transpose(Image.open(name)).convert("RGBA")
    (folder / f"{number}.json").write_text(json.dumps({"width": photo.width, "height": photo.height}))
    (folder / f"{number}.rgba").write_bytes(photo.tobytes())
print("{}")
