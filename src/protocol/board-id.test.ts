import assert from "node:assert/strict";
import { test } from "node:test";
import { BoardIdError, boardIdFromUid, parseBoardId, uidFromBoardId } from "./board-id.js";

const UID = Uint8Array.from(Buffer.from("2f003e000f51353033323937", "hex"));
const ID = "0RDX0KZ-JF49ZHN-49WN0M2";

test("a reader ignores case, spaces and dashes and puts look-alikes right", () => {
  assert.equal(boardIdFromUid(UID), ID);
  assert.equal(parseBoardId(" ordx0kz jf49zhn49wnom2 "), ID);
});

test("every wrong digit and every swap of two different digits is caught", () => {
  const digits = "0123456789ABCDEFGHJKMNPQRTVWXYZ";
  const plain = ID.replaceAll("-", "");
  for (let i = 0; i < plain.length; i++) {
    for (const digit of digits.replace(plain.charAt(i), "")) {
      assert.throws(() => parseBoardId(plain.slice(0, i) + digit + plain.slice(i + 1)), BoardIdError);
    }
    for (let j = i + 1; j < 20; j++) {
      if (plain[i] === plain[j]) continue;
      const swapped = Array.from(plain);
      swapped[i] = plain.charAt(j);
      swapped[j] = plain.charAt(i);
      assert.throws(() => parseBoardId(swapped.join("")), BoardIdError);
    }
  }
});

test("the message says what is wrong with an id", () => {
  assert.throws(() => parseBoardId("0RDX0KZ"), {
    message: 'board id "0RDX0KZ" has 7 digits; expected 21, as in XXXXXXX-XXXXXXX-XXXXXXX',
  });
  assert.throws(() => parseBoardId("0RDX0KZ-JF49ZHN-49WN0M!"), {
    message: /"!" is not a digit of a board id/,
  });
  assert.throws(() => parseBoardId("0RDX0KZ-JF49ZHN-49WN0M3"), { message: /the check digit does not fit/ });
});

test("a board id gives its unique id back; one that no chip has is refused", () => {
  assert.deepEqual(uidFromBoardId(ID.toLowerCase()), UID);
  assert.deepEqual(
    uidFromBoardId(boardIdFromUid(new Uint8Array(12).fill(0xff))),
    new Uint8Array(12).fill(0xff),
  );
  assert.throws(() => uidFromBoardId("ZZZZZZZ-ZZZZZZZ-ZZZZZZ7"), {
    message: /larger than any unique id/,
  });
});
