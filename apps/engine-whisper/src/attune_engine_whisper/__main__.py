from attune_engine_whisper.cli import main

raise SystemExit(main())
