/** Arm's binary utilities, for the harnesses and for what a difference is described with. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

function inFolder<T>(action: (file: (name: string) => string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), "differential-"));
  try {
    return action((name) => join(folder, name));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** A program for address 0, from its assembler source. */
export function assemble(source: string): Uint8Array {
  return inFolder((file) => {
    const [object, elf, image] = [file("a.o"), file("a.elf"), file("a.bin")];
    execFileSync("arm-none-eabi-as", ["-I", dirname(source), "-o", object, source]);
    execFileSync("arm-none-eabi-ld", ["-Ttext=0", "-e", "0", "-o", elf, object]);
    execFileSync("arm-none-eabi-objcopy", ["-O", "binary", elf, image]);
    return readFileSync(image);
  });
}

/** Lines of objdump. @param address of the first halfword */
export function disassemble(halfwords: readonly number[], address = 0): string {
  return inFolder((file) => {
    const code = file("case.bin");
    writeFileSync(code, Buffer.from(Uint16Array.from(halfwords).buffer));
    const options = ["-D", "-b", "binary", "-m", "arm", "-M", "force-thumb", `--adjust-vma=${address}`];
    const text = execFileSync("arm-none-eabi-objdump", [...options, code], { encoding: "utf8" });
    return text.slice(text.indexOf("<.data>:") + 9);
  });
}
