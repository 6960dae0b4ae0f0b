import { workQueueConformance } from "../../conformance/work_queue.ts";
import { fileBackend, memoryBackend } from "./_storage.ts";

workQueueConformance("file", fileBackend);
workQueueConformance("memory", memoryBackend);
