"use strict";
// "Check yourself": judges an answer, keeps it in this browser alone, and says what to read again.
(() => {
    const kept = (key, value) => {
        try { return value === undefined ? localStorage.getItem(key) : localStorage.setItem(key, value); } catch { return null; }
    };
    const make = (name, properties) => Object.assign(document.createElement(name), properties);
    // As `plain` in scripts/src/quiz/set.rs, which checks that each answer counts.
    const plain = (text) => text.toLowerCase().replaceAll(/(?<=\d),(?=\d)/g, "")
        .replaceAll(/(?<!\d)\.|\.(?!\d)|[^\p{L}\p{N}.%_]/gu, " ").trim().replaceAll(/ +/g, " ").replace(/^(?:a|an|the) (?=.)/, "");

    // What is said of an answer: whether it is right, and why. Nothing, where there is none.
    function judge(question) {
        const boxes = [...question.querySelectorAll("label > input")];
        const reasons = [...question.querySelectorAll("details li")];
        const because = (line) => line.querySelector("span").innerHTML;
        if (boxes[0].type === "text") {
            const given = plain(boxes[0].value);
            if (!given) { return undefined; }
            const right = boxes[0].dataset.accepts.split("|").some((answer) => plain(answer) === given);
            return { right, why: right ? because(question.querySelector("details .right")) : "" };
        }
        const chosen = boxes.map((box) => box.checked);
        if (!chosen.includes(true)) { return undefined; }
        const isRight = reasons.map((line) => line.className === "right");
        const right = chosen.every((is, at) => is === isRight[at]);
        const told = reasons.filter((line, at) => chosen[at] && (right || !isRight[at])).map(because);
        return { right, why: told.join(" ") || "Those are right, and another one is." };
    }

    function ready(question, tell) {
        const boxes = [...question.querySelectorAll("label > input")];
        const isText = boxes[0].type === "text";
        const again = question.querySelector(".again");
        const verdict = make("p", { className: "verdict" });
        verdict.setAttribute("role", "status");
        const button = make("button", { type: "button", textContent: "Check" });
        question.querySelector("details").before(button, verdict);
        const show = () => {
            const said = judge(question);
            question.classList.toggle("right", said?.right === true);
            question.classList.toggle("wrong", said?.right === false);
            verdict.innerHTML = said ? `<b>${said.right ? "Right." : "Not quite."}</b> ${said.why}${said.right ? "" : ` ${again.innerHTML}`}` : "";
            return said;
        };
        const check = () => {
            if (!show()) { verdict.textContent = "Answer first."; }
            kept(question.id, isText ? boxes[0].value : boxes.filter((box) => box.checked).map((box) => box.value).join());
            tell();
        };
        button.addEventListener("click", check);
        question.addEventListener("keydown", (event) => { if (event.key === "Enter" && event.target.matches("input")) { check(); } });
        const before = kept(question.id);
        if (before) {
            for (const box of boxes) { if (isText) { box.value = before; } else { box.checked = before.split(",").includes(box.value); } }
            show();
        }
        return { question, link: again.querySelector("a"), clear() {
            for (const box of boxes) { if (isText) { box.value = ""; } else { box.checked = false; } }
            kept(question.id, "");
            show();
        } };
    }

    for (const quiz of document.querySelectorAll(".quiz")) {
        const score = make("p", { className: "score" });
        score.setAttribute("role", "status");
        const tell = () => {
            const [right, wrong] = ["right", "wrong"].map((kind) => all.filter(({ question }) => question.classList.contains(kind)));
            score.textContent = `${right.length} of ${all.length} right.${wrong.length > 0 ? " Read again: " : ""}`;
            for (const [at, { link }] of wrong.entries()) { score.append(at > 0 ? ", " : "", link.cloneNode(true)); }
        };
        const all = [...quiz.querySelectorAll("fieldset")].map((question) => ready(question, () => tell()));
        const again = make("button", { type: "button", textContent: "Start again" });
        again.addEventListener("click", () => { for (const { clear } of all) { clear(); } tell(); });
        quiz.append(score, again);
        tell();
    }
})();
