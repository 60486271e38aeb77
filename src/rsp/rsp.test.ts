import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { memoryMapXml, targetXml } from "./documents.js";
import { RspEndpoint } from "./endpoint.js";
import { type RspEvent, RspFramer } from "./framer.js";
import { decodeBody, encodePacket } from "./packet.js";
import {
  bytesToString,
  hexToBytes,
  parseRange,
  stringToBytes,
  textToHex,
  valueToHex,
  xferChunk,
} from "./text.js";

const byteString = fc.uint8Array({ maxLength: 300 }).map(bytesToString);
const framer = (runs = false) => new RspFramer({ runs, maxBody: 1000 });

function feedInPieces(bytes: string, sizes: readonly number[]): RspEvent[] {
  const to = framer();
  const events: RspEvent[] = [];
  let at = 0;
  for (let index = 0; at < bytes.length; index++) {
    const size = sizes[index % sizes.length] ?? 1;
    events.push(...to.feed(bytes.slice(at, at + size)));
    at += size;
  }
  return events;
}

describe("a packet", () => {
  it("is framed as the GDB manual shows it", () => {
    assert.equal(encodePacket("OK"), "$OK#9a");
    assert.equal(encodePacket(""), "$#00");
    assert.equal(encodePacket("a#b$c}d*e"), "$a}\x03b}\x04c}]d}\ne#51");
  });

  it("survives the way, whatever it holds and however it is cut", () => {
    fc.assert(
      fc.property(
        fc.array(byteString),
        fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1 }),
        (all, sizes) => {
          const events = feedInPieces(all.map(encodePacket).join("+"), sizes);
          assert.deepEqual(
            events.filter(({ kind }) => kind !== "ack"),
            all.map((payload) => ({ kind: "packet", payload })),
          );
        },
      ),
    );
  });

  it("never hides an interrupt, and one inside it is data", () => {
    const events = framer().feed(`\x03$X0,1:\x03#22\x03`);
    assert.deepEqual(events, [
      { kind: "interrupt" },
      { kind: "packet", payload: "X0,1:\x03" },
      { kind: "interrupt" },
    ]);
  });

  it("with a wrong byte is broken, never another packet", () => {
    fc.assert(
      fc.property(byteString, fc.nat(), fc.integer({ min: 1, max: 255 }), (payload, where, change) => {
        const good = encodePacket(payload);
        const at = 1 + (where % (good.length - 4 || 1));
        if (good.length === 4) return;
        const wrong = String.fromCharCode(good.charCodeAt(at) ^ change);
        fc.pre(wrong !== "#" && wrong !== "$");
        const events = framer().feed(good.slice(0, at) + wrong + good.slice(at + 1));
        assert.deepEqual(
          events.map(({ kind }) => kind),
          ["broken"],
        );
      }),
    );
  });

  it("that begins anew drops what came before", () => {
    assert.deepEqual(framer().feed("$half a pack$OK#9a"), [{ kind: "packet", payload: "OK" }]);
  });

  it("that is too long is dropped whole, with a 0x03 in it", () => {
    const long = encodePacket(`X0,800:${"\x03".repeat(2000)}`);
    const events = feedInPieces(long + encodePacket("g"), [700]);
    assert.deepEqual(events, [
      { kind: "broken", why: "longer than 1000 bytes" },
      { kind: "packet", payload: "g" },
    ]);
  });

  it("of an answer may hold runs; of a request, a star is a star", () => {
    assert.equal(decodeBody("0* ", true), "0000");
    assert.equal(decodeBody('xab*"c', true), "xabbbbbbc");
    assert.equal(decodeBody('*"', true), undefined);
    assert.equal(decodeBody("a*", true), undefined);
    assert.equal(decodeBody("a*\x1f", true), undefined);
    assert.equal(decodeBody("a}", true), undefined);
    assert.equal(decodeBody("0* ", false), "0* ");
  });
});

class Pair {
  readonly got: string[] = [];
  readonly wire: string[] = [];
  readonly broken: string[] = [];
  interrupts = 0;
  readonly side = new RspEndpoint({
    runs: false,
    maxBody: 100,
    write: (bytes) => this.wire.push(bytes),
    onPacket: (payload) => this.got.push(payload),
    onInterrupt: () => this.interrupts++,
    onBroken: (why) => this.broken.push(why),
  });
}

describe("one side of a connection", () => {
  it("acknowledges what is whole and asks again for what is not", () => {
    const { side, wire, got, broken } = new Pair();
    side.receive("$g#67$g#68");
    assert.deepEqual(wire, ["+", "-"]);
    assert.deepEqual(got, ["g"]);
    assert.equal(broken.length, 1);
  });

  it("sends one packet at a time, again after a -, and takes no notice of a + too many", () => {
    const { side, wire } = new Pair();
    side.receive("+");
    side.send("O41");
    side.send("OK");
    assert.deepEqual(wire, [encodePacket("O41")]);
    side.receive("-");
    side.receive("+");
    side.receive("++");
    assert.deepEqual(wire, [encodePacket("O41"), encodePacket("O41"), encodePacket("OK")]);
  });

  it("stops acknowledging behind the OK, and a late + for that is ignored", () => {
    const { side, wire } = new Pair();
    side.receive("$QStartNoAckMode#b0");
    side.send("OK");
    side.stopAcknowledging();
    side.receive("+$g#67");
    side.send("1");
    side.send("2");
    assert.deepEqual(wire, ["+", "$OK#9a", encodePacket("1"), encodePacket("2")]);
  });

  it("tells Ctrl-C between packets only", () => {
    const pair = new Pair();
    pair.side.receive("\x03$X0,1:\x03#22\x03");
    assert.equal(pair.interrupts, 2);
  });
});

describe("texts of the protocol", () => {
  it("turn into bytes and back", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 20000 }), (bytes) => {
        assert.deepEqual(stringToBytes(bytesToString(bytes)), bytes);
      }),
    );
    assert.deepEqual(hexToBytes("00ff1"), undefined);
    assert.deepEqual(hexToBytes("0g"), undefined);
    assert.equal(textToHex("aé→"), "61e93f");
    assert.equal(valueToHex(0x12345678, 4), "78563412");
  });

  it("name a range of memory, or nothing", () => {
    assert.deepEqual(parseRange("90100000,1a"), { address: 0x90100000, length: 0x1a });
    for (const wrong of ["", "1", "1,", ",1", "1,2,3", "x,1", "123456789,1", "-1,1"]) {
      assert.equal(parseRange(wrong), undefined, wrong);
    }
  });

  it("hand a document out in pieces that make it whole again", () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 200 }), fc.integer({ min: 1, max: 60 }), (text, size) => {
        let whole = "";
        for (;;) {
          const chunk = xferChunk(text, `${whole.length.toString(16)},${size.toString(16)}`) ?? "";
          whole += chunk.slice(1);
          if (chunk[0] === "l") break;
        }
        assert.equal(whole, text);
      }),
    );
    assert.equal(xferChunk("abc", "3,5"), "l");
    assert.equal(xferChunk("abc", "x"), undefined);
  });

  it("describe registers and memory", () => {
    const xml = targetXml("arm", [
      {
        name: "org.gnu.gdb.arm.m-profile",
        registers: [{ name: "xpsr", bits: 32, type: "int", group: "general", number: 25 }],
      },
    ]);
    assert.match(xml, /<reg name="xpsr" bitsize="32" type="int" regnum="25" group="general"\/>/);
    assert.match(memoryMapXml([{ kind: "ram", start: 0x20000000, length: 0x20000 }]), /start="0x20000000"/);
    assert.throws(() => memoryMapXml([{ kind: "flash", start: 0, length: 16 }]), RangeError);
  });
});
