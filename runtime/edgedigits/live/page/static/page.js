// The page: shows what the server tells, and sends what is chosen, corrected or photographed.

const $ = (id) => document.getElementById(id);
const SVG = "http://www.w3.org/2000/svg";
const STATUS = {
  nothing: "nothing in view",
  unsure: "not sure yet",
  steady: "steady",
  held: "partly hidden",
  withheld: "not plausible, withheld",
};
let state = {};
let chosen = null; // the digit to be corrected: {frame, digit}

function say(text, seconds = 4) {
  const message = $("message");
  message.textContent = text;
  message.hidden = false;
  clearTimeout(say.timer);
  say.timer = setTimeout(() => (message.hidden = true), 1000 * seconds);
}

async function send(path, body, type = "application/json") {
  const answer = await fetch(path, { method: "POST", body, headers: { "Content-Type": type } });
  const content = await answer.json();
  if (!answer.ok) throw new Error(content.error);
  return content;
}

function drawBoxes(overlay, size, digits, roi = null) {
  overlay.replaceChildren();
  if (!size) return;
  overlay.setAttribute("viewBox", `0 0 ${size[0]} ${size[1]}`);
  const add = ([x, y, width, height], kind) => {
    const box = document.createElementNS(SVG, "rect");
    for (const [name, value] of Object.entries({ x, y, width, height, class: kind })) box.setAttribute(name, value);
    overlay.append(box);
  };
  digits.forEach((digit, i) => add(digit.box, chosen && chosen.digit === i && overlay.id === "overlay" ? "digit chosen" : "digit"));
  if (roi) add(Math.max(...roi) <= 1 ? roi.map((share, i) => share * size[i % 2]) : roi, "roi");
}

function show(news) {
  state = news;
  document.title = news.published ? `${news.published.replaceAll("\n", " | ")} · ${news.name}` : news.name;
  $("name").textContent = news.name;
  const camera = $("camera");
  camera.textContent = news.camera === "none" ? "no camera" : news.camera;
  camera.className = `badge ${news.camera}`;
  $("live").hidden = news.camera === "none";
  if (news.camera === "none") return;
  if (!$("picture").src && news.size) $("picture").src = "/stream.mjpg";
  const number = $("number");
  if (number.textContent !== (news.published || "–")) number.textContent = news.published || "–";
  number.classList.toggle("long", news.published.length > 8);
  number.classList.toggle("empty", !news.published);
  $("status").textContent = news.reason || STATUS[news.status] || "";
  $("raw").textContent = news.raw.replaceAll("\n", " | ") || "–";
  $("fps").textContent = `${news.fps} a second`;
  $("rps").textContent = `${news.readings_per_second} a second`;
  $("latency").textContent = news.latency_ms ? `${news.latency_ms} ms` : "–";
  $("whole").hidden = !news.roi;
  if (!drawing) drawBoxes($("overlay"), news.size, news.digits || [], news.roi);
  if (!chosen) offerDigits(news);
}

function button(text, action) {
  const made = document.createElement("button");
  made.type = "button";
  made.textContent = text;
  made.addEventListener("click", action);
  return made;
}

function offerDigits(news) {
  const digits = (news.digits || []).slice(0, 24);
  $("correct").hidden = !digits.length;
  const key = digits.map((digit) => digit.value ?? "?").join("");
  offerDigits.reading = news.reading;
  if (key === offerDigits.key) return;
  offerDigits.key = key;
  $("digits").replaceChildren(
    ...digits.map((digit, i) => {
      const made = button(digit.value ?? "?", () => {
        chosen = { frame: offerDigits.reading, digit: i };
        for (const other of $("digits").children) other.setAttribute("aria-pressed", other === made);
        $("answers").hidden = false;
      });
      return made;
    }),
  );
}

function stopCorrecting() {
  chosen = null;
  offerDigits.key = null;
  $("answers").hidden = true;
  offerDigits(state);
}

for (const value of [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, "none"]) {
  const made = button(value === "none" ? "no digit" : value, async () => {
    try {
      await send("/correct", JSON.stringify({ ...chosen, value }));
      say(value === "none" ? "Kept as no digit." : `Kept as a ${value}.`);
    } catch (error) {
      say(error.message);
    }
    stopCorrecting();
  });
  made.setAttribute("aria-label", value === "none" ? "That is no digit" : `That is a ${value}`);
  $("answers").append(made);
}

// the region, drawn with a finger
let drawing = null;
const share = (event) => {
  const box = $("overlay").getBoundingClientRect();
  const within = (value) => Math.min(1, Math.max(0, value));
  return [within((event.clientX - box.left) / box.width), within((event.clientY - box.top) / box.height)];
};
const region = ([ax, ay], [bx, by]) => [Math.min(ax, bx), Math.min(ay, by), Math.abs(ax - bx), Math.abs(ay - by)];

function chooseRegion(on) {
  $("choose").setAttribute("aria-pressed", on);
  $("choose").textContent = on ? "Draw on the picture" : "Choose a region";
  $("overlay").classList.toggle("choosing", on);
}

async function setRegion(roi) {
  try {
    await send("/roi", JSON.stringify({ roi }));
  } catch (error) {
    say(error.message);
  }
}

$("choose").addEventListener("click", () => chooseRegion($("choose").getAttribute("aria-pressed") !== "true"));
$("whole").addEventListener("click", () => setRegion(null));
$("reset").addEventListener("click", async () => {
  try {
    await send("/reset", "{}");
  } catch (error) {
    say(error.message);
  }
});
$("overlay").addEventListener("pointerdown", (event) => {
  if (!$("overlay").classList.contains("choosing")) return;
  drawing = share(event);
  $("overlay").setPointerCapture(event.pointerId);
});
$("overlay").addEventListener("pointermove", (event) => {
  if (drawing) drawBoxes($("overlay"), state.size, state.digits || [], region(drawing, share(event)));
});
$("overlay").addEventListener("pointerup", (event) => {
  if (!drawing) return;
  const roi = region(drawing, share(event));
  drawing = null;
  chooseRegion(false);
  if (roi[2] < 0.02 || roi[3] < 0.02) say("That region is too small; draw across the number.");
  else setRegion(roi.map((value) => Math.round(1e4 * value) / 1e4));
});
$("overlay").addEventListener("pointercancel", () => (drawing = null));

// a photo
$("file").addEventListener("change", async () => {
  const file = $("file").files[0];
  $("file").value = "";
  if (!file) return;
  say("Reading …", 30);
  try {
    const reading = await send("/read", file, file.type || "application/octet-stream");
    $("message").hidden = true;
    $("result").hidden = false;
    $("photo-number").textContent = reading.text || "no digit found";
    URL.revokeObjectURL($("photo-picture").src);
    $("photo-picture").src = URL.createObjectURL(file);
    drawBoxes($("photo-overlay"), reading.size, reading.digits);
  } catch (error) {
    say(error.message, 8);
  }
});

const events = new EventSource("/events");
events.addEventListener("message", (event) => show(JSON.parse(event.data)));
events.addEventListener("error", () => {
  $("camera").textContent = "no connection";
  $("camera").className = "badge lost";
});
events.addEventListener("open", () => {
  // after the server was away, the picture has to be asked for anew
  if ($("picture").src) $("picture").src = `/stream.mjpg?${Date.now()}`;
});
