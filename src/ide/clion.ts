/**
 * CLion: a run configuration "Embedded GDB Server" in .run, where CLion looks for those that are shared.
 * There is no published list of its fields: they are those of files that people publish with their projects.
 */

import type { IdeProject, WholeFile } from "./project.js";
import { MIDDLE_PORT, middleCommand, shellWord } from "./servers.js";
import { attributes, escapeXml } from "./xml.js";

const PLUGIN = "com.jetbrains.cidr.embedded.customgdbserver";

export function clionFiles(project: IdeProject): readonly WholeFile[] {
  const { name, probe } = project;
  const [server, ...args] = middleCommand(project, MIDDLE_PORT);
  const title = `${name} (${probe})`;
  const configuration = {
    default: false,
    name: title,
    type: `${PLUGIN}.type`,
    factoryName: `${PLUGIN}.factory`,
    PROGRAM_PARAMS: args.map(shellWord).join(" "),
    REDIRECT_INPUT: false,
    ELEVATE: false,
    USE_EXTERNAL_CONSOLE: false,
    PASS_PARENT_ENVS_2: true,
    PROJECT_NAME: name,
    TARGET_NAME: name,
    CONFIG_NAME: "Debug",
    RUN_TARGET_PROJECT_NAME: name,
    RUN_TARGET_NAME: name,
  };
  const connection = {
    version: 1,
    "gdb-connect": `localhost:${MIDDLE_PORT}`,
    executable: server,
    // GDB itself tries for 15 s to connect.
    "warmup-ms": 500,
    "download-type": "ALWAYS",
    "reset-cmd": "monitor reset",
    "reset-after-download": true,
  };
  const text = [
    '<component name="ProjectRunConfigurationManager">',
    `  <configuration${attributes(configuration)}>`,
    `    <custom-gdb-server${attributes(connection)}>`,
    `      <debugger kind="GDB">${escapeXml(project.gdb)}</debugger>`,
    "    </custom-gdb-server>",
    '    <method v="2">',
    '      <option name="CLION.COMPOUND.BUILD" enabled="true" />',
    "    </method>",
    "  </configuration>",
    "</component>",
    "",
  ].join("\n");
  return [{ path: `.run/${title}.run.xml`, text }];
}
