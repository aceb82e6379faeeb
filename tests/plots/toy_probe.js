// Runs inside a copy of the toy's page, behind its own script: works its controls as a person would and
// tells the frame around it what the page then says and draws. `problems` has what its script threw.
addEventListener("load", function () {
  "use strict";
  var width = document.documentElement.clientWidth;

  function at(id) { return document.getElementById(id); }

  function describe(node) {
    return node.tagName + " " + (node.id || node.textContent || "").trim().slice(0, 40);
  }

  function overflowing() {
    return Array.from(document.querySelectorAll("body *")).filter(function (node) {
      return !node.closest(".skip, script") && node.getBoundingClientRect().right > width + 1;
    }).map(describe);
  }

  function set(id, value) {
    at(id).value = value;
    at(id).dispatchEvent(new Event("input"));
  }

  // What stands on the page now. Without motion a picture is whole at once.
  function seen() {
    return {
      loss: document.querySelector("input[name=loss]:checked").value,
      margin: at("margin").disabled ? null : +at("margin-value").textContent,
      scale: at("scale-value").textContent, epoch: at("epoch-value").textContent,
      numbers: Array.from(at("numbers").rows).map(function (row) {
        return [row.cells[1].textContent, row.cells[2].textContent];
      }),
      arc: document.querySelector("#circle .arc").getAttribute("d"),
      dots: Array.from(document.querySelectorAll("#circle .dots")).map(function (path) {
        return path.getAttribute("d").split("M").length - 1;
      }),
      psi: document.querySelector("#psi .curve").getAttribute("d"),
      label: at("circle").getAttribute("aria-label")
    };
  }

  function every(id, look) {
    for (var k = 0; k <= +at(id).max; k++) {
      if (!at(id).disabled || k === 0) { set(id, k); look(); }
    }
  }

  function press(key, target) {
    (target || document.body).dispatchEvent(new KeyboardEvent("keydown", { key: key, bubbles: true,
      cancelable: true }));
    return at("epoch-value").textContent;
  }

  var states = [], keys = [], controls = [];
  document.querySelectorAll("input[name=loss]").forEach(function (radio) {
    radio.click();
    every("margin", function () {
      every("scale", function () {
        every("epoch", function () { states.push(seen()); });
      });
    });
  });
  document.querySelectorAll("input, button").forEach(function (node) {
    if (node.disabled) return;
    node.focus();
    var style = getComputedStyle(node), box = (node.labels && node.type === "radio" ? node.labels[0] : node)
      .getBoundingClientRect();
    controls.push({ name: describe(node), focused: document.activeElement === node,
      outline: style.outlineStyle, height: box.height,
      labelled: node.tagName === "BUTTON" || node.labels.length > 0 });
  });
  document.activeElement.blur();
  set("epoch", 0);
  keys.push(press("ArrowRight"), press("ArrowRight"), press("ArrowLeft"));
  press("Home");
  set("epoch", 0);
  press(" ");
  var pressed = at("play").getAttribute("aria-pressed");
  setTimeout(function () { // it has played to the end, and stopped
    parent.postMessage(JSON.stringify({
      problems: problems, width: innerWidth, scroll: document.documentElement.scrollWidth,
      overflowing: overflowing(), clipped: [], smallest: null, states: states, keys: keys,
      controls: controls, played: { pressed: pressed, after: at("play").getAttribute("aria-pressed"),
        epoch: at("epoch-value").textContent },
      background: getComputedStyle(document.body).backgroundColor
    }), "*");
  }, 12000);
});
