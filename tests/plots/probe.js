// Runs inside a copy of the report, after its own script, and tells the frame around it what it
// saw. `problems` was set up before the page's script and has what that script threw.
addEventListener("load", function () {
  "use strict";
  var width = document.documentElement.clientWidth;

  function describe(node) {
    return node.tagName + " " + (node.textContent || "").trim().slice(0, 40);
  }

  // What sticks out of the page, unless a box around it scrolls.
  function overflowing() {
    return Array.from(document.querySelectorAll("body *")).filter(function (node) {
      return !node.closest(".scroll, .plot, .skip") &&
        node.getBoundingClientRect().right > width + 1;
    }).map(describe);
  }

  // Labels that a figure's edge cuts.
  function clipped() {
    return Array.from(document.querySelectorAll(".plot svg text")).filter(function (text) {
      var all = text.closest("svg").getBoundingClientRect(), own = text.getBoundingClientRect();
      return own.width > 0 && (own.left < all.left - 1 || own.right > all.right + 1 ||
        own.top < all.top - 1 || own.bottom > all.bottom + 1);
    }).map(function (text) {
      return text.closest("figure").querySelector("h3").textContent + ": " + describe(text);
    });
  }

  function column(table, index) {
    return Array.from(table.tBodies[0].rows).map(function (row) {
      return row.cells[index].dataset.sort || row.cells[index].textContent.trim();
    });
  }

  // Each column of each table by two clicks: its heading's state and its cells, in order.
  function sorted() {
    var seen = [];
    document.querySelectorAll("table.sorts").forEach(function (table, which) {
      table.querySelectorAll('thead th[scope="col"]').forEach(function (head, index) {
        var button = head.querySelector("button");
        if (!button) {
          problems.push("nothing to click in the heading " + describe(head));
          return;
        }
        button.focus();
        var focused = document.activeElement === button;
        [1, 2].forEach(function () {
          button.click();
          seen.push({
            table: which, column: index, focused: focused, state: head.getAttribute("aria-sort"),
            states: table.querySelectorAll("[aria-sort]").length, cells: column(table, index)
          });
        });
      });
    });
    return seen;
  }

  var plot = document.querySelector(".plot");
  document.querySelectorAll("details").forEach(function (node) { node.open = true; });
  var found = {
    problems: problems, width: innerWidth, scroll: document.documentElement.scrollWidth,
    overflowing: overflowing(), clipped: clipped(), smallest: smallestLabel(),
    background: getComputedStyle(document.body).backgroundColor,
    card: plot && getComputedStyle(plot).backgroundColor, sorted: sorted()
  };
  parent.postMessage(JSON.stringify(found), "*");

  // The height of the smallest label of a figure as it is shown, in pixels of the screen.
  function smallestLabel() {
    return Math.min.apply(null, Array.from(document.querySelectorAll(".plot svg text"))
      .map(function (text) {
        var svg = text.closest("svg");
        return parseFloat(getComputedStyle(text).fontSize) * svg.getBoundingClientRect().width /
          svg.viewBox.baseVal.width;
      }));
  }
});
