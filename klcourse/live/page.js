// What an explorer needs of the page beyond ipywidgets: a picture that never flickers, names and states for screen
// readers, and keys that stay with the control that has the focus. anywidget loads it; nothing comes from a network.

export default {
  render({ model, el }) {
    const gone = new AbortController();
    const hasPicture = model.get("frame") !== undefined;
    el.lang = "en";
    el.classList.toggle("klcourse-screen", hasPicture);
    if (hasPicture) showFrames(model, el, gone.signal);
    whenShown(el, () => {
      const explorer = el.closest(".klcourse-explorer");
      const whole = el.closest(".klcourse-question") ?? explorer;
      if (whole) attend(whole, gone.signal); // a picture without controls needs none of it
      if (explorer) sayWhatMoves(explorer, (moving) => model.send({ moving }), gone.signal);
    });
    return () => gone.abort();
  },
};

// --- the picture -----------------------------------------------------------------------------------------------------

function showFrames(model, el, signal) {
  let asked = 0;
  let shown = 0;

  async function show() {
    const turn = ++asked;
    const next = model.get("alarm") ? alarm(model.get("alarm")) : await picture(model);
    if (turn < shown) return; // a later one was ready sooner
    shown = turn;
    el.replaceChildren(next);
  }

  model.on("change", show);
  signal.addEventListener("abort", () => model.off("change", show));
  show();
}

// The old picture stays until the new one is decoded: Firefox would paint an empty one in between.
async function picture(model) {
  const image = document.createElement("img");
  image.alt = model.get("alt");
  image.style.width = `${model.get("width")}px`;
  image.src = address(model.get("frame"));
  await image.decode().catch(() => {});
  return image;
}

// While the reader moves a control, the kernel sends small frames; when all has rested so long, the last one in full.
const REST = 75; // milliseconds
const REST_OF_A_DRAG = 200; // a hand falters, until it lets go

function sayWhatMoves(explorer, say, signal) {
  let timer;

  function move() {
    if (timer === undefined) say(true); // before the control itself tells the kernel
    restAfter(explorer.querySelector(".noUi-active") ? REST_OF_A_DRAG : REST);
  }

  function restAfter(milliseconds) {
    clearTimeout(timer);
    timer = setTimeout(rest, milliseconds);
  }

  function rest() {
    if (explorer.querySelector(".widget-toggle-button.mod-active")) return move(); // a film is playing
    timer = undefined;
    say(false);
  }

  for (const event of ["pointerdown", "keydown", "input", "change"]) explorer.addEventListener(event, move, true);
  // A drag may leave the explorer: the handle itself says that it moves, and the window that it has been let go.
  new MutationObserver(move).observe(explorer, { subtree: true, attributeFilter: ["aria-valuetext"] });
  window.addEventListener("pointerup", () => timer !== undefined && restAfter(0), { signal });
}

// As data, not as a blob's address: pages whose security policy allows no blobs show it too.
function address(frame) {
  const bytes = new Uint8Array(frame.buffer, frame.byteOffset, frame.byteLength);
  let text = "";
  for (let i = 0; i < bytes.length; i += 8192) text += String.fromCharCode(...bytes.subarray(i, i + 8192));
  return `data:image/jpeg;base64,${btoa(text)}`;
}

function alarm(message) {
  const text = document.createElement("pre");
  text.setAttribute("role", "alert");
  text.textContent = message;
  return text;
}

function whenShown(el, act) {
  const observer = new ResizeObserver(() => {
    if (!el.isConnected) return;
    observer.disconnect();
    act();
  });
  observer.observe(el);
}

// --- keyboard and screen readers -------------------------------------------------------------------------------------

const set = (part, name, value) => part.getAttribute(name) === value || part.setAttribute(name, value);

// ipywidgets draws a control anew now and then, so what it leaves out is put in again after each change.
function attend(whole, signal) {
  const attendOnce = () => {
    set(whole, "lang", "en");
    for (const bar of whole.querySelectorAll(".noUi-target")) nameSlider(bar);
    for (const text of whole.querySelectorAll(".klcourse-status > .widget-html-content")) set(text, "role", "status");
    for (const icon of whole.querySelectorAll("button > i")) set(icon, "aria-hidden", "true");
    for (const answers of whole.querySelectorAll(".widget-radio-box")) {
      // With one name, Tab passes them as one and arrows choose. Each widget has this module for itself: no counting.
      answers.dataset.group ??= `klcourse-${Math.random().toString(36).slice(2)}`;
      for (const answer of answers.querySelectorAll("input")) set(answer, "name", answers.dataset.group);
      set(answers, "role", "radiogroup");
      set(answers, "aria-label", answers.closest(".widget-vbox").querySelector(".widget-html-content").textContent);
    }
  };
  const attributeFilter = ["aria-valuetext", "disabled"];
  new MutationObserver(attendOnce).observe(whole, { subtree: true, childList: true, attributeFilter });
  attendOnce();
  const keep = (event) => whole.contains(event.target) && keepKeys(event);
  window.addEventListener("keydown", keep, { capture: true, signal });
}

// Arrow keys and letters are JupyterLab's and Notebook's shortcuts too: they would leave the cell, or change it. With
// Ctrl, Alt, Shift or Cmd they stay what they are, such as Ctrl+S. (Lumino, which finds the shortcuts, asks for this.)
function keepKeys({ target, ctrlKey, altKey, shiftKey, metaKey }) {
  const own = target.matches(".noUi-handle, input, select") && !(ctrlKey || altKey || shiftKey || metaKey);
  target.toggleAttribute("data-lm-suppress-shortcuts", own);
}

// A screen reader hears the name and the number of the box, not 0.04999999999999982 nor an exponent of ten.
function nameSlider(bar) {
  const box = bar.closest(".widget-hbox").querySelector("input");
  if (!box) return; // not there yet
  const handle = bar.querySelector(".noUi-handle");
  const value = bar.noUiSlider.get(true);
  set(handle, "aria-label", box.labels[0].textContent);
  set(handle, "aria-valuetext", `${box.step === "any" ? +(10 ** value).toPrecision(3) : +value.toFixed(6)}`);
  set(handle, "aria-disabled", `${bar.hasAttribute("disabled")}`);
}
