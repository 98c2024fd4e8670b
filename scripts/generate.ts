// Writes the C header of the kernel border; with --check it fails where it is stale.
import { abiHeader } from '../src/compiler/6-emit/header.ts';
import { writeGenerated } from './write-generated.ts';

writeGenerated({ 'bpf/templates/include/abi.generated.h': abiHeader });
