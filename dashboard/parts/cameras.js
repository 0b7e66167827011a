// Tells how many cameras the browser offers; it asks for no permission.
export default function ({ setStateValue }) {
  const none = navigator.mediaDevices === undefined;
  const devices = none ? Promise.resolve([]) : navigator.mediaDevices.enumerateDevices();
  devices
    .catch(() => [])
    .then((found) => setStateValue("count", found.filter((device) => device.kind === "videoinput").length));
}
