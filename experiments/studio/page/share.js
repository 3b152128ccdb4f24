/** The start of a page that holds nothing but a replay. */

import { byId } from "./base/dom.js";
import { startWhenSeen } from "./report/late.js";

startWhenSeen(byId("replay"), "replay-code");
