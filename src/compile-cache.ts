import { enableCompileCache } from 'node:module';

// Imported before anything else: from the second start on, nothing is compiled anew.
enableCompileCache();
