import { Body, Controller, HttpCode, Post, UseFilters, UseGuards } from '@nestjs/common';
import type { z } from 'zod';
import {
  checkpointRequest,
  claimRequest,
  completeRequest,
  eventsRequest,
  failRequest,
  heartbeatRequest,
  urlsRequest,
  type Answer,
  type ClaimReply,
  type SignedWrite,
} from '../runner-protocol/protocol';
import { ClaimsService } from './claims.service';
import { DeliveriesService } from './deliveries.service';
import { RunFilesService } from './run-files.service';
import { RunnerEventsService } from './runner-events.service';
import { CurrentStart, StartGuard, type Start } from './start.guard';
import { SupersededFilter } from './superseded';
import { ZodBody } from './zod-body.pipe';

/** The runners' side door: see runner-protocol/protocol.ts. */
@Controller('runner/v1/runs/:runId/starts/:start')
@UseGuards(StartGuard)
@UseFilters(SupersededFilter)
export class RunnersController {
  constructor(
    private readonly claims: ClaimsService,
    private readonly events: RunnerEventsService,
    private readonly files: RunFilesService,
    private readonly deliveries: DeliveriesService,
  ) {}

  @Post('claim')
  @HttpCode(200)
  claim(
    @CurrentStart() start: Start,
    @Body(new ZodBody(claimRequest)) body: z.infer<typeof claimRequest>,
  ): Promise<ClaimReply> {
    return this.claims.claim(start, body.owner);
  }

  @Post('heartbeat')
  @HttpCode(200)
  heartbeat(
    @CurrentStart() start: Start,
    @Body(new ZodBody(heartbeatRequest)) body: z.infer<typeof heartbeatRequest>,
  ): Promise<Answer> {
    return this.claims.heartbeat(start, body.epoch);
  }

  @Post('events')
  @HttpCode(200)
  record(
    @CurrentStart() start: Start,
    @Body(new ZodBody(eventsRequest)) body: z.infer<typeof eventsRequest>,
  ): Promise<Answer> {
    return this.events.record(start, body.epoch, body.sequence, body.events);
  }

  @Post('urls')
  @HttpCode(200)
  sign(
    @CurrentStart() start: Start,
    @Body(new ZodBody(urlsRequest)) body: z.infer<typeof urlsRequest>,
  ): Promise<{ reads: string[]; writes: SignedWrite[] }> {
    return this.files.sign(start, body.epoch, body.reads, body.writes);
  }

  @Post('checkpoint')
  @HttpCode(200)
  commitCheckpoint(
    @CurrentStart() start: Start,
    @Body(new ZodBody(checkpointRequest)) body: z.infer<typeof checkpointRequest>,
  ): Promise<Answer> {
    return this.files.commitCheckpoint(start, body.epoch, body);
  }

  @Post('complete')
  @HttpCode(200)
  complete(
    @CurrentStart() start: Start,
    @Body(new ZodBody(completeRequest)) body: z.infer<typeof completeRequest>,
  ): Promise<Answer> {
    return this.deliveries.complete(start, body.epoch, body);
  }

  @Post('fail')
  @HttpCode(200)
  giveUp(
    @CurrentStart() start: Start,
    @Body(new ZodBody(failRequest)) body: z.infer<typeof failRequest>,
  ): Promise<Answer> {
    return this.claims.giveUp(start, body.epoch, body);
  }
}
