// Images from the clipboard, put into the page's place for files: so they are uploaded, listed and removed like any other.
const PLACE = '[data-testid="stFileUploader"] input[type="file"]';
const UNNAMED = /^image\.\w+$/;
const TYPE = /^image\//;

function named(file) {
  const moment = new Date().toTimeString().slice(0, 8).replaceAll(":", "-");
  const ending = file.type.split("/")[1] || "png";
  return UNNAMED.test(file.name) ? new File([file], `pasted ${moment}.${ending}`, { type: file.type }) : file;
}

function put(files) {
  const place = document.querySelector(PLACE);
  const carried = new DataTransfer();
  files.map(named).forEach((file) => carried.items.add(file));
  place.files = carried.files;
  place.dispatchEvent(new Event("change", { bubbles: true }));
}

async function fromClipboard(say) {
  try {
    const files = [];
    for (const item of await navigator.clipboard.read()) {
      const type = item.types.find((each) => TYPE.test(each));
      if (type) files.push(new File([await item.getType(type)], "image.png", { type }));
    }
    if (files.length) put(files);
    say(files.length ? "" : "There is no image on the clipboard.");
  } catch {
    say("The browser does not let this page read the clipboard: press Ctrl+V instead.");
  }
}

export default function ({ parentElement }) {
  const row = document.createElement("menu");
  const button = document.createElement("button");
  const said = document.createElement("span");
  said.setAttribute("role", "status");
  button.textContent = "Paste from the clipboard (Ctrl+V)";
  button.onclick = () => fromClipboard((words) => (said.textContent = words));
  row.append(said, button);
  parentElement.querySelector("menu")?.remove();
  parentElement.append(row);

  const onPaste = (event) => {
    const files = [...(event.clipboardData?.files ?? [])].filter((file) => TYPE.test(file.type));
    if (!files.length) return;
    event.preventDefault();
    said.textContent = "";
    put(files);
  };
  document.addEventListener("paste", onPaste);
  return () => document.removeEventListener("paste", onPaste);
}
