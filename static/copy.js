// Buttons that copy a text: without this module they stay hidden, and the text can be copied by hand.
for (const button of document.querySelectorAll("[data-copies]")) {
  const source = document.getElementById(button.dataset.copies);
  const said = button.nextElementSibling;
  button.hidden = false;
  button.addEventListener("click", async () => {
    source.select();
    try {
      await navigator.clipboard.writeText(source.value);
    } catch {
      document.execCommand("copy"); // the clipboard is only there on https
    }
    said.textContent = button.dataset.said;
  });
}
