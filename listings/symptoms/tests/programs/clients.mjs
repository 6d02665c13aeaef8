// Connects to servers that are wrong in one way each, and prints what Node says of them. Cases come as JSON on
// the command line. Each is printed as a line `== scene` and the error's code and text.
import fs from "node:fs";
import http2 from "node:http2";
import https from "node:https";
import tls from "node:tls";

const options = ({ roots, identity }) => ({
    ca: fs.readFileSync(roots),
    ...(identity && {
        cert: fs.readFileSync(`${identity}.crt`),
        key: fs.readFileSync(`${identity}.key`),
    }),
});

const actions = {
    load: async (one) => tls.createSecureContext(options(one)),
    connect: (one) =>
        new Promise((resolve, reject) => {
            const url = `https://localhost:${one.port}/`;
            const request = https.get(url, { ...options(one), family: 4, agent: false });
            request.on("error", reject);
            request.on("response", (response) => {
                response.on("error", reject).on("end", resolve).resume();
            });
        }),
    // One more request on a connection whose server has asked it to leave.
    again: (one) =>
        new Promise((resolve, reject) => {
            const session = http2.connect(`https://localhost:${one.port}`, options(one));
            session.on("error", reject).on("close", resolve);
            session.on("goaway", () => {
                try {
                    session.request().on("error", reject);
                } catch (error) {
                    reject(error);
                }
            });
            session.request().on("error", reject);
        }),
    fetch: (one) => fetch(`https://localhost:${one.port}/`),
};

for (const one of JSON.parse(process.argv[2])) {
    console.log("==", one.scene);
    try {
        await actions[one.do](one);
    } catch (error) {
        console.log(error);
    }
}
