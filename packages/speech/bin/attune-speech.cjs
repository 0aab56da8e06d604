#!/usr/bin/env node
// Not the built file itself: package managers link commands at install, before anything is built.
require('../dist/cli.js');
