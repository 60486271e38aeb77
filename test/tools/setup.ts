/**
 * Sees to it that the Debian packages which the tests need are there: installs them where it may (root, apt-get),
 * else says exactly which are missing and fails. Tests never skip for want of a tool.
 */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";

interface Need {
  readonly debianPackage: string;
  readonly present: () => boolean;
}

const onPath = (program: string): boolean =>
  (process.env["PATH"] ?? "").split(delimiter).some((folder) => existsSync(join(folder, program)));

const NEEDS: readonly Need[] = [
  { debianPackage: "gcc-arm-none-eabi", present: () => onPath("arm-none-eabi-gcc") },
  { debianPackage: "libnewlib-arm-none-eabi", present: () => existsSync("/usr/include/newlib/string.h") },
  { debianPackage: "qemu-system-arm", present: () => onPath("qemu-system-arm") },
  { debianPackage: "gcc", present: () => onPath("gcc") },
  { debianPackage: "libc6-dev", present: () => existsSync("/usr/include/stdio.h") },
  { debianPackage: "gdb-multiarch", present: () => onPath("gdb-multiarch") },
  { debianPackage: "chromium", present: () => existsSync("/usr/bin/chromium") },
  { debianPackage: "openocd", present: () => onPath("openocd") },
  { debianPackage: "bison", present: () => onPath("bison") },
  { debianPackage: "flex", present: () => onPath("flex") },
  { debianPackage: "mtools", present: () => onPath("mcopy") },
  { debianPackage: "make", present: () => onPath("make") },
  { debianPackage: "xz-utils", present: () => onPath("xz") },
  { debianPackage: "libssl-dev", present: () => existsSync("/usr/include/openssl/sha.h") },
];

function aptGet(...args: string[]): boolean {
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  return spawnSync("apt-get", args, { stdio: ["ignore", "ignore", "inherit"], env }).status === 0;
}

function main(): number {
  const missing = NEEDS.filter((need) => !need.present()).map((need) => need.debianPackage);
  if (missing.length === 0) return 0;
  const mayInstall = process.getuid?.() === 0 && onPath("apt-get");
  if (mayInstall) {
    console.error(`installing Debian packages for the tests: ${missing.join(" ")}`);
    aptGet("update", "-q");
    aptGet("install", "-q", "-y", "--no-install-recommends", ...missing);
  }
  const still = NEEDS.filter((need) => !need.present()).map((need) => need.debianPackage);
  if (still.length === 0) return 0;
  console.error(`The tests need these Debian packages: ${still.join(" ")}`);
  console.error(`Install them: sudo apt-get install ${still.join(" ")}`);
  return 1;
}

process.exitCode = main();
