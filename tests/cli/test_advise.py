"""test_advise.py: `margin advise`: its bounds are the papers', and its scales and margins do what
they are said to do, by geometry written out here."""
import json
import math
import unittest

from harness import CommandTest, write


def psi(a, theta):
    """The target's logit over s, of the losses as papers state them."""
    if a["loss"] == "sphereface":
        k = math.floor(a["m1"] * theta / math.pi)
        return (-1) ** k * math.cos(a["m1"] * theta) - 2 * k
    return math.cos(a["m1"] * theta + a["m2"]) - a["m3"]


class Advise(CommandTest):
    def advise(self, classes, *arguments):
        run = self.run_margin("advise", "--json", "--classes", classes, *arguments)
        self.assertEqual((run.returncode, run.stderr), (0, ""))
        return json.loads(run.stdout)

    def test_bounds_of_the_papers(self):
        for classes, scales, adacos in ((10, (3.955, 6.113, 8.194), 3.107),
                                        (10575, (11.462, 13.860, 16.171), 13.104),
                                        (85742, (13.556, 15.954, 18.266), 16.064)):
            bounds = self.advise(classes)["bounds"]
            for row, posterior, scale in zip(bounds["cosface_scale"], (.9, .99, .999), scales):
                self.assertEqual(row["posterior"], posterior)
                self.assertAlmostEqual(row["scale"], scale, delta=6e-4)
            self.assertAlmostEqual(bounds["adacos_scale"], adacos, delta=6e-4)
        loss = {row["scale"]: row["loss"] for row in self.advise(10575)["bounds"]["normface_loss"]}
        self.assertAlmostEqual(loss[10], 0.3918, delta=1e-4)
        self.assertAlmostEqual(loss[20], 2.175e-5, delta=1e-8)
        self.assertAlmostEqual(self.advise(10575)["bounds"]["nearest_random_deg"], 80.22, delta=.006)

    def test_every_loss_on_cosines(self):
        names = [a["loss"] for a in self.advise(100)["advice"]]
        self.assertEqual(names, ["normsoftmax", "sphereface", "cosface", "arcface", "combined"])

    def test_scales_do_as_said(self):
        """Class centres as a regular simplex, and as a ring."""
        for classes, dim in ((2, 2), (3, 2), (8, 2), (25, 2), (10, 64), (500, 512)):
            if classes <= dim + 1:
                others = [-1 / (classes - 1)] * (classes - 1)
            else:
                others = [math.cos(2 * math.pi * k / classes) for k in range(1, classes)]
            for a in self.advise(classes, "--dim", dim)["advice"]:
                with self.subTest(a["loss"], classes=classes, dim=dim):
                    s = a["scale_centre"]
                    rest = sum(math.exp(s * (c - psi(a, 0))) for c in others)
                    self.assertAlmostEqual(1 / (1 + rest), 0.999, delta=1e-8)
                    s = a["scale_45_degrees"]
                    rest = (classes - 1) * math.exp(-s * psi(a, math.pi / 4))
                    self.assertAlmostEqual(1 / (1 + rest), 0.5, delta=1e-8)
                    self.assertEqual(a["scale"],
                                     math.ceil(max(a["scale_centre"], a["scale_45_degrees"])))

    def test_margins_leave_room(self):
        for classes, dim in ((8, 2), (40, 2), (100, 3), (10575, 64), (10575, 512)):
            found = self.advise(classes, "--dim", dim)
            near = math.radians(found["bounds"]["nearest_least_deg"])
            for a in found["advice"]:
                with self.subTest(a["loss"], classes=classes, dim=dim):
                    room = psi(a, near / 4) - math.cos(3 * near / 4)
                    self.assertGreaterEqual(room, -1e-12)
                    defaults = {"sphereface": ("m1", 1.35), "cosface": ("m3", 0.35),
                                "arcface": ("m2", 0.5), "combined": ("m2", 0.3)}
                    key, default = defaults.get(a["loss"], ("m2", 0))
                    self.assertEqual(a["shrunk"], a[key] < default)
                    most = {"cosface": 1 - math.cos(near), "arcface": near}.get(a["loss"])
                    if most is None:
                        self.assertIsNone(a["margin_most"])
                    else:
                        self.assertAlmostEqual(a["margin_most"], most, delta=1e-9)
                        self.assertLess(a[key], most)
        ring = {a["loss"]: a for a in self.advise(8, "--dim", 2)["advice"]}
        self.assertEqual(ring["arcface"]["m2"], 0.39)  # pi / 8, downwards
        self.assertEqual(ring["cosface"]["m3"], 0.14)  # cos(pi / 16) - cos(3 pi / 16) = 0.1493

    def test_largest_margin_by_trying_all(self):
        """Class weights as a regular simplex or a ring: with every margin of a grid up to the
        largest, and with none beyond it, an embedding at its class weight is right."""
        for classes, dim in ((2, 2), (2, 64), (3, 2), (3, 64), (4, 2), (4, 64), (7, 2)):
            nearest = (-1 / (classes - 1) if classes <= dim + 1
                       else math.cos(2 * math.pi / classes))
            tried = {"cosface": [0.001 * k for k in range(1, 4000)],
                     "arcface": [0.001 * k for k in range(1, 3142)],
                     "sphereface": [1 + 0.01 * k for k in range(1, 1000)]}
            for a in self.advise(classes, "--dim", dim)["advice"]:
                key = {"cosface": "m3", "arcface": "m2", "sphereface": "m1"}.get(a["loss"])
                if key is None:
                    continue
                right = [m for m in tried[a["loss"]] if psi({**a, key: m}, 0) >= nearest - 1e-12]
                with self.subTest(a["loss"], classes=classes, dim=dim):
                    if len(right) == len(tried[a["loss"]]):
                        self.assertIsNone(a["margin_most"])
                    else:
                        self.assertAlmostEqual(a["margin_most"], right[-1], delta=1.001e-3)

    def test_eval_takes_it(self):
        write(self.path("y.npy"), [0] * self.N, (self.N,), "<i8")
        for classes in (2, 8, 1000):
            for a in self.advise(classes, "--dim", "2")["advice"]:
                margins = {"sphereface": ["--margin", a["m1"]], "cosface": ["--margin", a["m3"]],
                           "arcface": ["--margin", a["m2"]],
                           "combined": ["--m1", a["m1"], "--m2", a["m2"], "--m3", a["m3"]]}
                words = ["--scale", a["scale"]] + margins.get(a["loss"], [])
                self.eval_json(*words, loss=a["loss"])

    def test_text(self):
        run = self.run_margin("advise", "--classes", "10575")
        self.assertEqual((run.returncode, run.stderr), (0, ""))
        self.assertRegex(run.stdout, r"\A10575 classes in 512 dimensions\n")
        self.assertRegex(run.stdout, r"\narcface +33  0\.5 +default +18\.\d +32\.9 +1\.4\n")
        self.assertRegex(self.run_margin("advise", "--classes", "8", "--dim", "2").stdout,
                         r"\narcface +35  0\.39 +room = gap ")
        self.assertTrue(all(len(line) <= 100 for line in run.stdout.splitlines()))

    def test_usage(self):
        for words, fault in (([], "--classes is missing"), (["--classes", "1"], "--classes: '1'"),
                             (["--classes", "x"], "--classes: 'x'"),
                             (["--classes", "8", "--dim", "1"], "--dim: '1'"),
                             (["--classes", "100000", "--dim", "2"], "0.01 degrees"),
                             (["--classes", "8", "more"], "unexpected argument 'more' (see 'margin advise --help')"),
                             (["--classes", "8", "--nonsense"], "--nonsense")):
            self.assert_refused(["advise", *words], 2, fault)


if __name__ == "__main__":
    unittest.main()
