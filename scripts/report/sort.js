// Tables sort by a click on a column's heading. Without this script they stay as they are.
(function () {
  "use strict";

  // What a cell is sorted by: the exact number where it has one, else its text.
  function keyOf(row, column) {
    var cell = row.cells[column];
    var key = cell.dataset.sort === undefined ? cell.textContent.trim() : cell.dataset.sort;
    return key === "–" ? "" : key;
  }

  // Numbers by value, text by the alphabet, cells without a value always last.
  function compare(a, b, sign) {
    if (a === "" || b === "") return (a === "") - (b === "");
    return sign * (isNaN(a) || isNaN(b) ? a.localeCompare(b) : a - b);
  }

  function sort(table, head) {
    var ascending = head.getAttribute("aria-sort") !== "ascending";
    var rows = Array.prototype.slice.call(table.tBodies[0].rows);
    rows.sort(function (a, b) {
      return compare(keyOf(a, head.cellIndex), keyOf(b, head.cellIndex), ascending ? 1 : -1);
    });
    rows.forEach(function (row) { table.tBodies[0].appendChild(row); });
    table.querySelectorAll("th[aria-sort]").forEach(function (other) {
      other.removeAttribute("aria-sort");
    });
    head.setAttribute("aria-sort", ascending ? "ascending" : "descending");
  }

  document.querySelectorAll("table.sorts").forEach(function (table) {
    table.querySelectorAll('thead th[scope="col"]').forEach(function (head) {
      var button = document.createElement("button");
      button.type = "button";
      while (head.firstChild) button.appendChild(head.firstChild);
      head.appendChild(button);
      button.addEventListener("click", function () { sort(table, head); });
    });
  });
})();
