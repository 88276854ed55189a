// Makes the sliders work in the slides of jupyterlab-rise 0.43. It is a JupyterLab extension written by hand: JupyterLab
// calls `init` with the modules that the page shares, before any extension starts; it has no plugins of its own.

(window._JUPYTERLAB ??= {})["klcourse-rise"] = {
  init(shared) {
    // ipywidgets asks for JupyterLab's console, to draw widgets there too. RISE has none, and so would show no widget.
    // (https://github.com/jupyterlab-contrib/rise/issues/119)
    shared["@jupyterlab/console"] ??= {
      "4.99.0": { from: "klcourse-rise", eager: false, get: async () => () => ({ IConsoleTracker: undefined }) },
    };
    // In slides the arrow keys and the space bar turn over. Pressed on a control they belong to the control.
    const onControl = (event) => event.target.closest?.(".reveal .jupyter-widgets");
    const keepFromJupyterLab = (event) => onControl(event) && event.target.setAttribute("data-lm-suppress-shortcuts", "");
    const keepFromReveal = (event) => onControl(event) && event.stopImmediatePropagation();
    window.addEventListener("keydown", keepFromJupyterLab, { capture: true });
    document.addEventListener("keydown", keepFromReveal);
  },
  get: async () => () => [],
};
