// The page of the toy: what the controls choose of the run's data, drawn. It computes no number: those
// that it shows stand in the run's toy.json.
(function () {
  "use strict";
  var data = JSON.parse(document.getElementById("data").textContent);
  var NAMES = { softmax: "Softmax", normsoftmax: "NormSoftmax", sphereface: "SphereFace",
    cosface: "CosFace", arcface: "ArcFace", combined: "Combined" };
  var RINGS = { train: 126, test: 113 };
  var classes = data.classes, state = { loss: "", margin: 0, scale: 0, frame: 0 };
  var shown = null, moving = 0, playing = 0;

  function at(id) { return document.getElementById(id); }

  // ---- what is stored ----

  function distinct(list) {
    return list.filter(function (value, i) { return list.indexOf(value) === i; })
      .sort(function (a, b) { return a - b; });
  }

  function runsOf(loss) {
    return data.runs.filter(function (run) { return run.loss === loss; });
  }

  // Where a loss's margin is none: there it is norm-softmax.
  function none(loss) { return loss === "sphereface" ? 1 : 0; }

  function margins(loss) {
    var own = runsOf(loss).map(function (run) { return run.margin; })
      .filter(function (value) { return value !== null; });
    return own.length ? distinct(own.concat(none(loss))) : [];
  }

  function scales(loss) {
    return loss === "softmax" ? [] : distinct(runsOf(loss).map(function (run) { return run.scale; }));
  }

  function chosen() {
    var all = margins(state.loss), margin = all[state.margin];
    var loss = all.length && margin === none(state.loss) ? "normsoftmax" : state.loss;
    return runsOf(loss).filter(function (run) {
      return (run.margin === null || run.margin === margin) &&
        (state.loss === "softmax" || run.scale === scales(state.loss)[state.scale]);
    })[0];
  }

  // ---- drawing ----

  function add(parent, kind, attributes, text) {
    var node = document.createElementNS("http://www.w3.org/2000/svg", kind);
    Object.keys(attributes).forEach(function (key) { node.setAttribute(key, attributes[key]); });
    if (text !== undefined) node.textContent = text;
    parent.appendChild(node);
    return node;
  }

  // Angles are tenths of a degree, counter-clockwise from the right.
  function place(tenths, radius) {
    var angle = tenths * Math.PI / 1800;
    return (radius * Math.cos(angle)).toFixed(1) + " " + (-radius * Math.sin(angle)).toFixed(1);
  }

  function arcPath(begin, length, radius) {
    var large = length > 1800 ? 1 : 0;
    return "M" + place(begin, radius) + "A" + radius + " " + radius + " 0 " + large + " 0 " +
      place(begin + Math.min(length, 3599), radius);
  }

  // Dots lie on a thin ring, spread evenly inwards so that they do not hide each other.
  function dotsPath(angles, which) {
    var path = "";
    angles.forEach(function (angle, i) {
      var turn = i * 0.6180339887 % 1;
      if (data.feature_classes[i] === which) path += "M" + place(angle, 100 * (1 - 0.17 * turn)) + "h0";
    });
    return path;
  }

  // Where the arcs of a part overlap with the next one round the circle.
  function overlaps(arcs, radius) {
    var order = [], path = "";
    for (var k = 0; k < classes; k++) order.push({ begin: arcs[2 * k], length: arcs[2 * k + 1] });
    order.sort(function (a, b) { return a.begin + a.length / 2 - b.begin - b.length / 2; });
    order.forEach(function (arc, i) {
      var next = order[(i + 1) % classes];
      var over = arc.begin + arc.length - next.begin - (i + 1 < classes ? 0 : 3600);
      if (over > 0) path += arcPath(next.begin, Math.min(over, next.length), radius);
    });
    return path;
  }

  function prepare() {
    var svg = at("circle"), parts = { dots: [], weights: [], numbers: [], train: [], test: [] };
    add(svg, "circle", { class: "ring", r: 100 });
    for (var k = 0; k < classes; k++) {
      var style = "stroke:var(--c" + k % 10 + ")";
      parts.weights.push(add(svg, "path", { class: "weight", style: style }));
      parts.dots.push(add(svg, "path", { class: "dots", style: style }));
      parts.train.push(add(svg, "path", { class: "arc", style: style }));
      parts.test.push(add(svg, "path", { class: "arc", style: style }));
    }
    for (k = 0; k < classes; k++) parts.numbers.push(add(svg, "text", { class: "number" }, String(k)));
    parts.overlap = ["under", "over"].map(function (way) {
      return add(svg, "path", { class: "overlap " + way });
    });
    return parts;
  }

  var parts = prepare();

  function drawCircle(picture) {
    for (var k = 0; k < classes; k++) {
      var spot = place(picture.weights[k], 60).split(" ");
      parts.weights[k].setAttribute("d", "M0 0L" + place(picture.weights[k], 100));
      parts.numbers[k].setAttribute("x", spot[0]);
      parts.numbers[k].setAttribute("y", spot[1]);
      parts.dots[k].setAttribute("d", dotsPath(picture.features, k));
      ["train", "test"].forEach(function (part) {
        parts[part][k].setAttribute("d", arcPath(picture[part][2 * k], picture[part][2 * k + 1],
          RINGS[part]));
      });
    }
    var both = overlaps(picture.train, RINGS.train) + overlaps(picture.test, RINGS.test);
    parts.overlap.forEach(function (path) { path.setAttribute("d", both); });
  }

  // Between two frames each angle goes the shorter way.
  function between(from, to, share) {
    function mixed(a, b, turn) {
      return a.map(function (value, i) {
        var step = b[i] - value;
        if (turn === 1 || i % turn === 0) step -= 3600 * Math.round(step / 3600);
        return value + share * step;
      });
    }
    return { weights: mixed(from.weights, to.weights, 1), features: mixed(from.features, to.features, 1),
      train: mixed(from.train, to.train, 2), test: mixed(from.test, to.test, 2) };
  }

  function pictureOf(frame) {
    return { weights: frame.weights, features: frame.features, train: frame.train.arcs,
      test: frame.test.arcs };
  }

  function drawPsi(run, frame) {
    var svg = at("psi"), left = 34, right = 332, top = 14, bottom = 206;
    var least = Math.min.apply(null, runsOf(state.loss).concat(run).map(function (one) {
      return Math.min.apply(null, one.psi);
    })) / 1000;
    least = Math.min(-1, Math.floor(least));
    function x(degrees) { return left + (right - left) * degrees / 180; }
    function y(value) { return bottom - (bottom - top) * (value - least) / (1 - least); }
    function line(value) {
      return run.psi.map(function (_, i) {
        return (i ? "L" : "M") + x(i * 180 / (run.psi.length - 1)).toFixed(1) + " " + y(value(i)).toFixed(1);
      }).join("");
    }
    svg.textContent = "";
    for (var step = least < -3 ? 2 : 1, value = 1; value >= least; value -= step) {
      add(svg, "path", { class: "grid", d: "M" + left + " " + y(value) + "H" + right });
      add(svg, "text", { class: "tick", x: left - 5, y: y(value) + 3.5, "text-anchor": "end" },
        String(value).replace("-", "−"));
    }
    [0, 45, 90, 135, 180].forEach(function (degrees) {
      add(svg, "text", { class: "tick", x: x(degrees), y: bottom + 14, "text-anchor":
        degrees === 180 ? "end" : "middle" }, degrees + "°");
    });
    add(svg, "text", { x: (left + right) / 2, y: bottom + 28, "text-anchor": "middle" }, "θ");
    add(svg, "path", { class: "plain", d: line(function (i) {
      return Math.cos(Math.PI * i / (run.psi.length - 1));
    }) });
    add(svg, "path", { class: "curve", d: line(function (i) { return run.psi[i] / 1000; }) });
    ["test", "train"].forEach(function (part) {
      var theta = frame[part].theta_mean_deg, spot = theta * (run.psi.length - 1) / 180;
      var low = Math.floor(spot), high = Math.min(low + 1, run.psi.length - 1);
      var psi = run.psi[low] + (spot - low) * (run.psi[high] - run.psi[low]);
      // One points down at the curve, the other up: they do not cover each other.
      add(svg, "path", { class: "mean " + part, d: "M" + x(theta).toFixed(1) + " " + y(psi / 1000).toFixed(1) +
        (part === "train" ? "l-5 -9h10z" : "l-5 9h10z") });
    });
  }

  // ---- what is said ----

  function written(value, digits) {
    return value === null ? "–" : value.toFixed(digits).replace("-", "−");
  }

  function row(name, field, unit, factor, digits, frame) {
    var tr = document.createElement("tr"), head = document.createElement("th");
    head.scope = "row";
    head.textContent = name;
    tr.appendChild(head);
    ["train", "test"].forEach(function (part) {
      var cell = document.createElement("td"), value = frame[part][field];
      cell.textContent = written(value === null ? null : factor * value, digits) + unit;
      tr.appendChild(cell);
    });
    at("numbers").appendChild(tr);
  }

  function say(run, frame) {
    var all = margins(state.loss), bare = NAMES[run.loss] || run.loss;
    var name = (NAMES[state.loss] || state.loss) +
      (all.length ? ", m = " + all[state.margin] : "") +
      (state.loss === "softmax" ? "" : ", s = " + run.scale);
    at("margin-value").textContent = all.length ? String(all[state.margin]) : "has none";
    at("scale-value").textContent = state.loss === "softmax" ? "has none" : String(run.scale);
    at("epoch-value").textContent = frame.epoch + " of " + data.epochs;
    at("numbers").textContent = "";
    row("Gap, median", "gap_median_deg", "°", 1, 1, frame);
    row("Gap, least", "gap_min_deg", "°", 1, 1, frame);
    row("Accuracy", "accuracy", " %", 100, 1, frame);
    row("Mean θ", "theta_mean_deg", "°", 1, 1, frame);
    at("said").textContent = name + (bare === NAMES[state.loss] ? "" : " (which is " + bare + ")") +
      ", after " + frame.epoch + " of " + data.epochs + " epochs" +
      (run.margin === null ? "" : "; margin in force: " + Math.round(100 * frame.margin_share) + " % of m") +
      (frame.lambda === undefined ? "" : ", lambda " + frame.lambda.toPrecision(2)) +
      (frame.final_loss === null ? "" : "; loss " + frame.final_loss.toPrecision(3)) + ".";
    at("circle").setAttribute("aria-label", name + ", epoch " + frame.epoch + ": median gap " +
      written(frame.train.gap_median_deg, 1) + " degrees between training arcs, " +
      written(frame.test.gap_median_deg, 1) + " between test arcs");
    at("psi").setAttribute("aria-label", "Target logit over the angle, " + name);
    at("margin").setAttribute("aria-valuetext", "m = " + at("margin-value").textContent);
    at("scale").setAttribute("aria-valuetext", "s = " + at("scale-value").textContent);
    at("epoch").setAttribute("aria-valuetext", "epoch " + at("epoch-value").textContent);
  }

  // ---- moving ----

  var still = window.matchMedia && window.matchMedia("(prefers-reduced-motion: reduce)").matches;

  function show(time) {
    var run = chosen(), frame = run.frames[state.frame], target = pictureOf(frame), from = shown;
    cancelAnimationFrame(moving);
    say(run, frame);
    drawPsi(run, frame);
    if (!from || !time || still) {
      drawCircle(shown = target);
      return;
    }
    var begun = performance.now();
    moving = requestAnimationFrame(function step(now) {
      var share = Math.min(1, Math.max(0, (now - begun) / time));
      drawCircle(shown = share < 1 ? between(from, target, share) : target);
      if (share < 1) moving = requestAnimationFrame(step);
    });
  }

  function stop() {
    clearInterval(playing);
    playing = 0;
    at("play").textContent = "Play the training";
    at("play").setAttribute("aria-pressed", "false");
  }

  function last() { return chosen().frames.length - 1; }

  function go(frame, time) {
    state.frame = Math.min(Math.max(frame, 0), last());
    at("epoch").value = state.frame;
    show(time);
  }

  function play() {
    if (playing) return stop();
    at("play").textContent = "Stop";
    at("play").setAttribute("aria-pressed", "true");
    go(state.frame === last() ? 0 : state.frame + 1, 600);
    playing = setInterval(function () {
      go(state.frame + 1, 600);
      if (state.frame === last()) stop();
    }, 900);
  }

  // ---- the controls ----

  // A slider over a list of values; the choice nearest to the one before.
  function offer(id, values, wanted) {
    var input = at(id), best = 0;
    values.forEach(function (value, i) {
      if (Math.abs(value - wanted) < Math.abs(values[best] - wanted)) best = i;
    });
    input.max = Math.max(values.length - 1, 0);
    input.disabled = values.length < 2;
    input.value = best;
    return best;
  }

  // Comparable margins: about as far along each loss's slider.
  function choose(loss) {
    var before = margins(state.loss), all = margins(loss), own = runsOf(loss);
    var usual = { sphereface: 3, cosface: 0.2, arcface: 0.5 }[loss];
    var scale = scales(state.loss)[state.scale];
    if (before.length && before[state.margin] === none(state.loss)) usual = none(loss);
    state.loss = loss;
    state.margin = offer("margin", all, usual);
    state.scale = offer("scale", scales(loss), scale === undefined ? 64 : scale);
    at("loss-" + loss).checked = own.length > 0;
  }

  function begin() {
    distinct(data.runs.map(function (run, i) {
      return data.runs.findIndex(function (other) { return other.loss === run.loss; });
    })).forEach(function (index) {
      var loss = data.runs[index].loss, label = document.createElement("label");
      var input = document.createElement("input");
      input.type = "radio";
      input.name = "loss";
      input.value = loss;
      input.id = "loss-" + loss;
      input.autocomplete = "off";
      input.addEventListener("change", function () { choose(loss); show(400); });
      label.appendChild(input);
      label.appendChild(document.createTextNode(NAMES[loss] || loss));
      at("losses").appendChild(label);
    });
    at("margin").addEventListener("input", function () { state.margin = +this.value; show(250); });
    at("scale").addEventListener("input", function () { state.scale = +this.value; show(250); });
    at("epoch").addEventListener("input", function () { stop(); go(+this.value, 250); });
    at("play").addEventListener("click", play);
    document.addEventListener("keydown", function (event) {
      var tag = event.target.tagName;
      if (event.altKey || event.ctrlKey || event.metaKey || tag === "INPUT" && event.key !== " ") return;
      if (event.key === " " && tag !== "BUTTON" && event.target.type !== "radio") play();
      else if (event.key === "ArrowRight") { stop(); go(state.frame + 1, 250); }
      else if (event.key === "ArrowLeft") { stop(); go(state.frame - 1, 250); }
      else return;
      event.preventDefault();
    });
    choose(runsOf("arcface").length ? "arcface" : data.runs[0].loss);
    at("epoch").max = last();
    at("source").textContent = "Trained by bench_separation on " + data.context.date.slice(0, 10) +
      ", seed " + data.seed + " of " + data.seeds + ", the one that the figure shows: a single training for " +
      "each choice, so that no number here has an interval" +
      (data.seeds > 1 ? " (means over the seeds and their intervals are in separation.json)" : "") +
      ". The numbers are in toy.json beside this page, what they mean is in results/README.md.";
    go(last(), 0);
  }

  begin();
})();
