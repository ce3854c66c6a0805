// Passkeys (rule 36): a form with data-passkey="create" or "get" asks the browser, and is sent with the answer.
// The exchange is allauth's: options as JSON in the element that data-options names, the answer as JSON in the field „credential“.
// Without this module the form is sent empty, and the server says what to do.

const toBytes = (text) =>
  Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (char) => char.charCodeAt(0));

const toText = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer)))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replaceAll("=", "");

const readKeys = (keys = []) => keys.map((key) => ({ ...key, id: toBytes(key.id) }));

function readOptions(text) {
  const { publicKey } = JSON.parse(text);
  publicKey.challenge = toBytes(publicKey.challenge);
  publicKey.excludeCredentials = readKeys(publicKey.excludeCredentials);
  publicKey.allowCredentials = readKeys(publicKey.allowCredentials);
  if (publicKey.user) publicKey.user.id = toBytes(publicKey.user.id);
  return { publicKey };
}

function writeAnswer(credential) {
  const response = {};
  for (const name of ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"]) {
    if (credential.response[name]) response[name] = toText(credential.response[name]);
  }
  return JSON.stringify({
    id: credential.id,
    rawId: toText(credential.rawId),
    type: credential.type,
    clientExtensionResults: credential.getClientExtensionResults(),
    response,
  });
}

async function ask(form) {
  const said = form.querySelector("[data-passkey-said]");
  const say = (what) => (said.textContent = form.querySelector(`[data-says=${what}]`).textContent);
  said.textContent = "";
  if (!window.PublicKeyCredential) {
    say("unable");
    return;
  }
  const options = readOptions(document.getElementById(form.dataset.options).textContent);
  try {
    const answer = await navigator.credentials[form.dataset.passkey](options);
    form.elements.credential.value = writeAnswer(answer);
    form.submit();
  } catch (error) {
    if (!(error instanceof DOMException)) throw error;
    say(error.name === "InvalidStateError" ? "known" : "again");
  }
}

for (const form of document.querySelectorAll("form[data-passkey]")) {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    ask(form);
  });
}
