/**
 * SFDP tables (JESD216B). The bytes of W25Q128JV and W25Q64JV are those that real parts with the ids EF4018 and
 * EF4017 answered, as published with the Linux and littlefs ports for them; those of MT25QL512ABB what a part of its family with
 * the id 20BB21 answered to Linux, with the density of 512 Mb.
 */

const SPACE = 256;

/** Lays byte runs, given as hexadecimal text, into a blank SFDP space. */
function sfdp(runs: Readonly<Record<number, string>>): Uint8Array {
  const space = new Uint8Array(SPACE).fill(0xff);
  for (const [address, text] of Object.entries(runs)) {
    const bytes = text.trim().split(/\s+/);
    for (const [index, byte] of bytes.entries()) space[Number(address) + index] = Number.parseInt(byte, 16);
  }
  return space;
}

const WINBOND_HEADER = "53 46 44 50 05 01 00 ff 00 05 01 10 80 00 00 ff";

function winbond(density: string, chipErase: string): Uint8Array {
  return sfdp({
    0: WINBOND_HEADER,
    128: `e5 20 f9 ff ff ff ff ${density} 44 eb 08 6b 08 3b 42 bb
           fe ff ff ff ff ff 00 00 ff ff 40 eb 0c 20 0f 52
           10 d8 00 00 36 02 a6 00 82 ea 14 ${chipErase} e9 63 76 33
           7a 75 7a 75 f7 a2 d5 5c 19 f7 4d ff e9 30 f8 80`,
  });
}

export const W25Q128JV_SFDP = winbond("07", "c9");
export const W25Q64JV_SFDP = winbond("03", "c4");

/** The table of the ISSI IS25LP family as a 128 Mbit part answers it, with density and chip erase time of 64 Mbit. */
export const IS25LP064A_SFDP = sfdp({
  0: "53 46 44 50 06 01 01 ff 00 06 01 10 30 00 00 ff 9d 05 01 03 80 00 00 02",
  48: `e5 20 f9 ff ff ff ff 03 44 eb 08 6b 08 3b 80 bb
         fe ff ff ff ff ff 00 ff ff ff 44 eb 0c 20 0f 52
         10 d8 00 ff 23 4a c9 00 82 d8 11 c4 cc cd 68 46
         7a 75 7a 75 f7 a2 d5 5c 4a 42 2c ff f0 30 c0 80`,
  128: "50 19 50 16 9c f9 c0 64 8f ec ff ff",
});

export const MT25QL512ABB_SFDP = sfdp({
  0: "53 46 44 50 06 01 01 ff 00 06 01 10 30 00 00 ff 84 00 01 02 80 00 00 ff",
  48: `e5 20 fb ff ff ff ff 1f 29 eb 27 6b 27 3b 27 bb
         ff ff ff ff ff ff 27 bb ff ff 29 eb 0c 20 10 d8
         0f 52 00 00 24 4a 99 00 8b 8e 03 e1 ac 01 27 38
         7a 75 7a 75 fb bd d5 5c 4a 0f 82 ff 81 bd 3d 36`,
  128: "ff e7 ff ff 21 dc ff ff",
});
