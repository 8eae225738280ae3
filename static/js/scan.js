// Makes the log form quicker. It works without.
(() => {
  "use strict";
  const form = document.querySelector("form[data-scan]");
  if (!form) return;

  // See what was photographed before it is sent.
  form.addEventListener("change", (event) => {
    const input = event.target;
    if (!("preview" in input.dataset)) return;
    const after = input.parentElement.querySelector(".photos");
    if (after) { after.querySelectorAll("img").forEach((image) => URL.revokeObjectURL(image.src)); after.remove(); }
    const files = [...input.files].filter((file) => file.type.startsWith("image/"));
    if (!files.length) return;
    const box = document.createElement("div");
    box.className = "photos";
    for (const file of files) {
      const image = document.createElement("img");
      image.src = URL.createObjectURL(file);
      image.alt = file.name;
      image.width = image.height = 96;
      box.append(image);
    }
    input.after(box);
  });

  // Say that it is on its way. cleantrack.js keeps a second tap from sending it twice; the server would store it once.
  const buttons = () => [...form.querySelectorAll("button")];
  form.addEventListener("submit", (event) => {
    const pressed = event.submitter;
    if (!pressed || form.dataset.sent) return;
    pressed.dataset.words = pressed.textContent;
    pressed.textContent = form.dataset.saving;
    setTimeout(restore, 8000);
  });
  const restore = () => buttons().forEach((button) => {
    if (button.dataset.words) { button.textContent = button.dataset.words; delete button.dataset.words; }
  });
  addEventListener("pageshow", restore);
})();
