"use strict";
// A picture that moves, by its buttons and, while it has the focus, by the arrow keys. All that it
// shows was computed when the book was built: a state is a list of what stands in each cell.
(() => {
    const begin = (figure) => {
        figure.dataset.ready = "";
        const data = JSON.parse(figure.querySelector("script[type='application/json']").textContent);
        const stage = figure.querySelector(".moving");
        const choices = [...figure.querySelectorAll("select")];
        const buttons = [...figure.querySelectorAll("button")];
        const find = (cell) => {
            const [name, attribute] = cell.split(".");
            return [figure.querySelector(`[data-cell="${name}"]`), attribute];
        };
        const [fixed, cells] = [data.fixed.map(find), data.cells.map(find)];
        const put = (cells, values) => {
            for (const [number, value] of values.entries()) {
                const [element, attribute] = cells[number];
                if (attribute) { element.setAttribute(attribute, value); }
                else if (element.textContent !== value) { element.textContent = value; }
            }
        };
        let at = data.at;
        const show = (to) => {
            const [same, ...states] = data.states[choices.map((choice) => choice.value).join("/")];
            at = Math.max(0, Math.min(to, states.length - 1));
            put(fixed, same);
            put(cells, states[at]);
            figure.querySelector("output").textContent = `${at + 1} of ${states.length}`;
            // One that were disabled would lose the focus while it is pressed.
            for (const button of buttons) {
                const next = at + Number(button.dataset.by);
                button.setAttribute("aria-disabled", String(next < 0 || next >= states.length));
            }
        };
        for (const choice of choices) { choice.addEventListener("change", () => show(choice.dataset.keeps ? at : 0)); }
        for (const button of buttons) { button.addEventListener("click", () => show(at + Number(button.dataset.by))); }
        // Before all others: what listens for the page's own keys must not see these.
        window.addEventListener("keydown", (event) => {
            const by = { ArrowRight: 1, ArrowLeft: -1, Home: -Infinity, End: Infinity }[event.key];
            const plain = !(event.altKey || event.ctrlKey || event.metaKey || event.shiftKey);
            if (by === undefined || !plain || document.activeElement !== stage) { return; }
            event.preventDefault();
            event.stopImmediatePropagation();
            show(at + by);
        }, true);
        stage.tabIndex = 0;
        figure.querySelectorAll(".controls, .chosen").forEach((part) => { part.hidden = false; });
        show(at);
    };
    document.querySelectorAll("figure.moves:not([data-ready])").forEach(begin);
})();
